"""Zeek's logs: each beside what our decoders tell of the same capture, and what they become alone.

An event of a log is paired with the decoder's event of its type, address and port that agrees best;
every field that the log fills must be the same but for ACCEPTED.
"""

import io
import json

import pytest
import zeeklog

from sensor.inputs.damage import Damage
from sensor.inputs.jsonitems import items_of_value
from sensor.inputs.logs import read_log
from sensor.inputs.zeek import read_zeek
from sensor.map.zeek import mapping_of, mappings

BASE = "expected/zeek+zeek/scripts.base.protocols."
LOGS = [
    ("krb__kinit.pcap", "krb.kinit/kerberos.log", 85),
    ("krb__auth.pcap", "krb.tgs/kerberos.log", 1),
    ("ldap__aduser1.pcap", "ldap.aduser1/krb.kerberos.log", 1),
    ("dce-rpc__kerberos445_auth.pcapng", "dce-rpc.spnego-gssapi-kerberos/kerberos.log.445", 1),
    ("ldap__aduser1-ntlm.pcap", "ldap.aduser1/ntlm.ntlm.log", 1),
    ("dce-rpc__mapi.pcap", "dce-rpc.mapi/ntlm.log", 2),
    ("dns-two-responses.pcap", "dns.duplicate-reponses/dns.log", 1),
    ("dns__dynamic-update.pcap", "dns.dynamic-update/dns.log", 2),
    ("ldap__aduser1.pcap", "ldap.aduser1/krb.ldap_search.log", 1),
    ("ldap__simpleauth.pcap", "ldap.attributes/ldap_search.log", 1),
    ("ldap__ldap_star_single.pcapng", "ldap.ldap_substring_search/ldap_search.log", 1),
    ("ldap__sasl-scram-sha-512.pcap", "ldap.sasl-scram-sha-512/ldap_search.log", 1),
    ("ldap__krb5-sign-seal-01.pcap", "ldap.sasl-encrypted/ldap_search.log", 1),
    ("ldap__aduser1.pcap", "ldap.aduser1/krb.ldap.log", 1),
    ("ldap__simpleauth.pcap", "ldap.basic/ldap.log", 2),
    ("ldap__ldap_invalid_credentials.pcap", "ldap.invalid_credentials/ldap.log", 12),
    ("ldap__sasl-scram-sha-512.pcap", "ldap.sasl-scram-sha-512/ldap.log", 1),
    ("ldap__ldap-who-am-i.pcap", "ldap.who-am-i/ldap.log", 1),
    ("dce-rpc__cs_window7-join_stream092.pcap", "dce-rpc.context/dce_rpc.log", 3),
    ("dce-rpc__mapi.pcap", "dce-rpc.mapi/dce_rpc.log", 12),
    ("smb__smb1.pcap", "smb.smb1/smb_files.log", 3),
    ("smb__smb2.delete-on-close-perms-delete-existing.pcap", "smb.smb2-create-delete-on-close/smb_files.log", 8),
    ("smb__smb2.pcap", "smb.smb2/smb_files.log", 3),
    ("smb__smb2.pcap", "smb.smb2/smb_mapping.log", 2),
]  # fmt: skip
ACCEPTED = {
    ("kerberos", "result"): "MIT's KDC says PREAUTH_FAILED and sends BAD_INTEGRITY",
    ("kerberos", "outcome"): "Zeek saw no answer to the AP-REQ",
    ("ntlm", "outcome"): "the same",
    ("dns", "query"): "of an update Zeek names the prerequisite, we the zone",
    ("ldap_search", "filter"): "Zeek nests ANDs and ORs in pairs",
    ("dce_rpc", "pipe"): "Zeek names a port by the secondary address of the bind",
    ("dce_rpc", "method"): "an unanswered request has the operation before it",
    ("smb_files", "path"): "an open that was used is told by its use",
    ("smb_files", "action"): "the same",
    ("smb_files", "outcome"): "Zeek logs the request",
}
_NOT_COMPARED = ("ts", "via", "sensor", "seq")


def rows_of(path):
    """Rows of a baseline, which has no times and maybe no header."""
    lines = [x for x in path.read_bytes().splitlines(keepends=True) if not x.startswith(b"###")]
    if not lines[0].startswith(b"#"):
        lines[0] = b"#fields\t" + lines[0]
        lines.insert(
            0, b"#path\t" + path.name.partition(".log")[0].rpartition(".")[2].encode() + b"\n"
        )
    text = b"".join(lines).replace(b"XXXXXXXXXX.XXXXXX", b"1500000000.000000")
    return list(read_zeek(io.BytesIO(text)))


def differing(event, other):
    told = [f for f in event.__struct_fields__ if f not in _NOT_COMPARED]
    return {
        f for f in told if getattr(event, f) is not None and getattr(event, f) != getattr(other, f)
    }


@pytest.mark.data
@pytest.mark.parametrize(("capture", "log", "count"), LOGS, ids=[log for _, log, _ in LOGS])
def test_beside_the_decoders(atp_data, capture, log, count):
    rows = rows_of(atp_data / (BASE + log))
    assert not [r for r in rows if isinstance(r, Damage)]
    events = [e for row in rows for e in mapping_of(row)(row)]
    assert len(events) == count
    left = zeeklog.events(
        atp_data / "pcap/zeek+zeek" / capture, *{type(e).__name__ for e in events}
    )
    for event in events:
        assert event.via == "zeek"
        ends = (type(event), event.src_ip, event.src_port)
        found = [o for o in left if (type(o), o.src_ip, o.src_port) == ends]
        assert found, event
        best = min(found, key=lambda other: len(differing(event, other)))
        left.remove(best)
        unlike = {f for f in differing(event, best) if (rows[0].path, f) not in ACCEPTED}
        assert not unlike, (event, best)


@pytest.mark.data
def test_hashes_of_tickets_are_ours(atp_data):
    log = "expected/zeek+zeek/scripts.policy.protocols.krb.ticket-logging/kerberos.log"
    (row,) = rows_of(atp_data / log)
    (event,) = mapping_of(row)(row)
    (ours,) = zeeklog.events(atp_data / "pcap/zeek+zeek/krb__auth.pcap", "KerberosTgs")
    assert (event.ticket_hash, event.tgt_hash) == (ours.ticket_hash, ours.tgt_hash)
    assert event.tgt_hash is not None


ENDS = {"id.orig_h": "10.0.0.5", "id.orig_p": 50000, "id.resp_h": "10.0.0.1", "id.resp_p": 135}
JSON = [
    ({"request_type": "AS", "client": "alice/CORP.TEST", "service": "krbtgt/CORP.TEST", "success": False,
      "error_msg": "KDC_ERR_PREAUTH_FAILED"},
     "kerberos_as", {"account_name": "alice", "realm": "CORP.TEST", "result": "preauth_failed", "outcome": "wrong_password"}),
    ({"request_type": "TGS", "client": "alice/CORP.TEST", "service": "HTTP/web", "success": True, "cipher": "rc4-hmac"},
     "kerberos_tgs", {"account": "alice@CORP.TEST", "service_class": "http", "etype": "rc4_hmac", "outcome": "success"}),
    ({"username": "bob", "domainname": "CORP", "hostname": "WS1", "success": False},
     "ntlm_auth", {"account": "CORP\\bob", "workstation": "WS1", "outcome": "denied"}),
    ({"endpoint": "drsuapi", "operation": "DRSGetNCChanges", "named_pipe": "49666"},
     "replication", {"method": "DRSGetNCChanges", "direction": "outbound", "partner": "ip:10.0.0.5"}),
    ({"endpoint": "samr", "operation": "SamrEnumerateUsersInDomain", "named_pipe": "\\PIPE\\samr"},
     "samr_query", {"method": "SamrEnumerateUsersInDomain", "enumerates": True}),
    ({"endpoint": "netlogon", "operation": "NetrServerAuthenticate3"},
     "netlogon_secure", {"method": "NetrServerAuthenticate3"}),
    ({"endpoint": "ITaskSchedulerService", "operation": "SchRpcRegisterTask", "named_pipe": "\\pipe\\atsvc"},
     "rpc_call", {"interface": "itask", "method": "SchRpcRegisterTask", "pipe": "atsvc"}),
    ({"message_id": 1, "opcode": "bind simple", "result": "invalid credentials", "object": "CORP\\bob",
      "diagnostic_message": "80090308: LdapErr: DSID-0C09030B, data 775, v1db1"},
     "ldap_bind", {"mechanism": "simple", "result": 49, "outcome": "locked", "account": "CORP\\bob"}),
    ({"message_id": 2, "scope": "tree", "filter": "(servicePrincipalName=*)", "result": "success", "result_count": 7},
     "ldap_search", {"scope": "subtree", "filter_attributes": ["serviceprincipalname"], "returned_count": 7, "outcome": "success"}),
    ({"query": "corp.test", "trans_id": 5, "qtype_name": "AXFR", "rcode_name": "NOERROR", "proto": "tcp", "answers": ["a", "b"]},
     "dns_query", {"qtype": "axfr", "rcode": "noerror", "transport": "tcp", "answers": 2}),
    ({"action": "SMB::FILE_WRITE", "name": "x.exe", "path": "\\\\dc\\c$"},
     "smb_file", {"action": "write", "share": "\\\\dc\\c$", "path": "x.exe"}),
    ({"path": "\\\\dc\\IPC$", "share_type": "PIPE"}, "smb_file", {"share": "\\\\dc\\IPC$", "path": None}),
    ({"username": "alice", "framed_addr": "10.8.0.5", "tunnel_client": "203.0.113.7", "result": "success"},
     "vpn_session", {"phase": "start", "account": "alice", "src_ip": "203.0.113.7", "framed_ip": "10.8.0.5", "nas": "ip:10.0.0.5"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "told"), JSON, ids=[j[1] for j in JSON])
@pytest.mark.parametrize("shape", ["flat", "nested", "filebeat"])
def test_json_of_no_named_log(fields, kind, told, shape):
    value = {"ts": 1700000000.123456, "uid": "C1", **ENDS, **fields}
    if shape == "nested":
        ends = {k.removeprefix("id."): value.pop(k) for k in ENDS}
        value = {**value, "ts": "2023-11-14T22:13:20.123456Z", "id": ends}
    if shape == "filebeat":
        value = {"@timestamp": "2024-01-01T00:00:00Z", "message": json.dumps(value)}
    (row,) = items_of_value(value)
    (event,) = mapping_of(row)(row)
    assert type(event).__struct_config__.tag == kind
    assert {name: getattr(event, name) for name in told} == told
    assert (event.ts, event.via, event.dst_ip) == (1_700_000_000_123_456, "zeek", "10.0.0.1")


@pytest.mark.parametrize(
    "value",
    [
        {"_path": "ssl"},
        {"message": json.dumps({"uid": "C", "ts": 1, **ENDS}), "event": {"dataset": "zeek.ssl"}},
        {"message": json.dumps({"uid": "C", "ts": 1, **ENDS}), "log": {"file": {"path": "/zeek/ssl.12:00-13:00.log"}}},
    ],
)  # fmt: skip
def test_logs_that_are_not_read_are_known_by_name(value):
    (row,) = items_of_value({"ts": 1, "uid": "C", **ENDS, **value} if "_path" in value else value)
    assert (row.path, mapping_of(row)) == ("ssl", None)


@pytest.mark.parametrize("result", ["failed", "success"])
def test_radius_without_a_tunnel_is_no_vpn(result):
    value = {"ts": 1, "uid": "C", **ENDS, "username": "a", "result": result, "ttl": 0.1}
    (row,) = items_of_value(value)
    assert (row.path, mapping_of(row)(row)) == ("radius", [])


TSV = """\
#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tdns
#open\t2024-01-01-00-00-00
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqtype_name\trcode_name\tanswers
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\tstring\tstring\tvector[string]
1700000000.123456\tC1\t10.0.0.5\t50000\t10.0.0.1\t53\tudp\t1\ta\\x09b\\\\c\\xc3\\xa9\tA\tNOERROR\t1.2.3.4,x\\x2cy
broken
1700000060.5\tC2\t10.0.0.5\t50001\t10.0.0.1\t53\tudp\t2\tz\tTXT\t-\t(empty)
#close\t2024-01-01-01-00-00
"""


def test_a_file_of_tsv(tmp_path):
    path = tmp_path / "anything"
    path.write_text(TSV)
    events = []
    summary = read_log(path, events.append)
    assert [d.reason for d in summary.damages] == ["1 values for 12 fields"]
    asked = [e for e in events if type(e).__name__ == "DnsQuery"]
    assert [(e.ts, e.query, e.qtype, e.rcode, e.answers) for e in asked] == [
        (1_700_000_000_123_456, "a\tb\\cé", "a", "noerror", 2),
        (1_700_000_060_500_000, "z", "txt", None, None),
    ]
    beats = [(e.ts, e.activity) for e in events if type(e).__name__ == "SensorHealth"]
    assert beats[0] == (1_700_000_000_123_456, "dns_query")
    assert summary.counters["row dns"] == 2


def test_marks_tell_logs_apart():
    known = {path: marks for path, (marks, _) in mappings().items()}
    for path, marks in known.items():
        for other, others in known.items():
            assert path == other or not any(a <= b for a in marks for b in others), (path, other)
