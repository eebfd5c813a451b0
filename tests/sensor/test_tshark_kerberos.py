"""Every field of every Kerberos message against tshark, over all captures that hold any.

Compared: options, realm, service, etypes and padata types in their order, name and name type, till,
rtime, etype of the timestamp, PAC request, PAC options, armor, impersonated user, authorization
data; service, etype, key version, size and SHA-256 of every ticket issued or shown; error codes and
the etypes offered with them. Messages are sets: a repeated datagram is one exchange.

Accepted differences (`UNREAD`): a ticket in an HTTP message that is not whole in the capture, and
one in the TKEY record of a DNS query.
"""

from __future__ import annotations

import collections
import csv
import shutil

import pytest
import tsharkkrb
import zeeklog

from dsl.schema.enums import ETYPE, KERBEROS_ERROR, PAC_OPTION, PADATA

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark"),
]
UNREAD = {"odedshimon+BruteShark/Pcap_Examples__Kerberos_v5_-_UDP_3.pcap": 1, "dcjoin": 1}
LAB = ("benign", "suspicious", "dcjoin")
ETYPES, PADATAS, ERRORS, OPTIONS = (
    {word: number for number, word in table.items()}
    for table in (ETYPE, PADATA, KERBEROS_ERROR, PAC_OPTION)
)


def number(table, word):
    return None if word is None else table.get(word) or int(word.rpartition("_")[2])


def numbers(table, words):
    return None if words is None else tuple(number(table, word) for word in words)


def record(**fields):
    """Comparable; lists as tuples, of a TGT its service is not ours to tell."""
    fields.update({k: tuple(v) for k, v in fields.items() if isinstance(v, list)})
    if fields.get("tgt"):
        fields["tgt"] = fields["tgt"][1:]
    return tuple(sorted(fields.items()))


def request(event):
    is_as = type(event).__name__ == "KerberosAs"
    padata = event.preauth_types if is_as else event.padata_types
    found = {
        "options": event.kdc_options, "realm": event.realm, "sname": event.service or "",
        "etypes": numbers(ETYPES, event.req_etypes), "padata": numbers(PADATAS, padata),
        "pac_options": numbers(OPTIONS, event.pac_options),
    }  # fmt: skip
    if is_as:
        found |= {
            "till": event.till, "rtime": event.rtime, "cname": event.account_name or "",
            "name_type": event.name_type,
        }  # fmt: skip
        if event.armor_hash is not None:
            found["armor"] = event.armor_hash
        if "enc_timestamp" in padata:
            found["stamp"] = number(ETYPES, event.preauth_etype)
        if "pac_request" in padata:
            found["pac"] = event.include_pac
    else:
        found["authz"] = event.authz_data
        if event.tgt_hash is not None:
            etype = number(ETYPES, event.tgt_etype)
            found["tgt"] = ("", etype, event.tgt_kvno, event.tgt_size, event.tgt_hash)
        if "for_user" in padata:
            found["for_user"] = event.s4u_user
    return record(**found)


def ours(capture):
    """(kind, client, record) of every message behind our events."""
    found = collections.defaultdict(set)
    for event in zeeklog.events(capture, "KerberosAs", "KerberosTgs", "KerberosAp"):
        kind, client = type(event).__name__, event.src_ip
        etype = number(ETYPES, event.etype)
        if kind == "KerberosAp":
            ticket = (event.service, etype, event.kvno, event.ticket_size, event.ticket_hash)
            found["ap_req"].add((client, record(ticket=ticket)))
            continue
        name = "as" if kind == "KerberosAs" else "tgs"
        if event.fingerprint is not None:
            found[f"{name}_req"].add((client, request(event)))
        if event.result == "none":
            ticket = (etype, event.ticket_size, event.ticket_hash)
            reply = number(ETYPES, event.reply_etype) if name == "as" else None
            found[f"{name}_rep"].add((client, record(ticket=ticket, etype=reply)))
        elif event.result is not None:
            code = number(ERRORS, event.result)
            offered = event.offered_etypes if name == "as" else None
            found["krb_error"].add((client, record(code=code)))
            if offered is not None:
                found["offered"].add((client, record(offered=numbers(ETYPES, offered))))
    return found


def theirs(capture):
    found = collections.defaultdict(set)
    for kind, client, told in tsharkkrb.messages(capture):
        if kind == "krb_error":
            found[kind].add((client, record(code=told["code"])))
            if told["offered"] is not None:
                found["offered"].add((client, record(offered=told["offered"])))
        elif kind.endswith("_rep"):
            _, etype, _, size, digest = told["ticket"]
            reply = told["etype"] if kind == "as_rep" else None
            found[kind].add((client, record(ticket=(etype, size, digest), etype=reply)))
        else:
            if kind == "tgs_req":
                del told["till"]
            found[kind].add((client, record(**told)))
    return found


def compare(capture, unread=0):
    mine, expected = ours(capture), theirs(capture)
    assert expected
    for kind in {*mine, *expected}:
        assert not mine[kind] - expected[kind], kind
        assert len(expected[kind] - mine[kind]) <= (unread if kind == "ap_req" else 0), kind
    return sum(map(len, expected.values()))


@pytest.mark.parametrize("name", LAB)
def test_lab(atp_lab, name):
    assert compare(atp_lab / "capture" / f"{name}.pcap", UNREAD.get(name, 0)) > 10


def test_all_captures(atp_data):
    with (atp_data / "MANIFEST.csv").open() as file:
        rows = [r["file"] for r in csv.DictReader(file) if "kerberos" in r["protocol_or_event_ids"]]
    captures = [row for row in rows if row.startswith("pcap/")]
    assert len(captures) >= 20
    read = sum(
        compare(atp_data / row, UNREAD.get(row.removeprefix("pcap/"), 0)) for row in captures
    )
    assert read > 200
