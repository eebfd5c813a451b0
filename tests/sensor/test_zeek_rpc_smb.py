"""DCE/RPC and SMB beside Zeek's own baseline logs.

Compared: dce_rpc.log: id.orig_h, id.orig_p, id.resp_h, id.resp_p, named_pipe, endpoint, operation;
smb_files.log: the flow, action, path, name, size; smb_mapping.log: the flow, path; ntlm.log: the
flow, username, domainname, hostname. Not compared: ts, uid, rtt, fuid, times.* (Zeek's authors
replaced them or the schema has no such field), share_type, native_file_system, service and the
server_* names (no field), prev_name and success (unset in these logs).
"""

from __future__ import annotations

import re

import pytest

from sensor.inputs.captures import read_capture

pytestmark = pytest.mark.data

CONTEXT = ("scripts.base.protocols.dce-rpc.context", "dce-rpc__cs_window7-join_stream092.pcap")
MAPI = ("scripts.base.protocols.dce-rpc.mapi", "dce-rpc__mapi.pcap")
SMB1 = ("scripts.base.protocols.smb.smb1", "smb__smb1.pcap")
DELETE = (
    "scripts.base.protocols.smb.smb2-create-delete-on-close",
    "smb__smb2.delete-on-close-perms-delete-existing.pcap",
)
SMB2 = ("scripts.base.protocols.smb.smb2", "smb__smb2.pcap")
NTLM = ("scripts.base.protocols.dce-rpc.dce_rpc_ntlm", "dce-rpc__dce_rpc_ntlm.pcapng")
CUT = ("scripts.base.protocols.dce-rpc.ntlm-unterminated-av-pair-seq", "dce-rpc__ntlm-unterminated-av-sequence.pcap")  # fmt: skip

ACCEPTED = {
    (CONTEXT[0], "named_pipe"): "Zeek names a TCP port by the bind_ack's secondary address; we"
    " give the port, which is what the connection used",
    (
        MAPI[0],
        "operation",
        7,
    ): "the last request (EcDoRpc) has no answer; Zeek repeats the operation before it",
    (SMB2[0], "size"): "size of the file as the CREATE answer tells it; we count bytes moved",
    (SMB1[0], "size"): "as above",
    (DELETE[0], "size"): "as above",
    (SMB1[0], "path"): "unset: the recording begins behind TREE_CONNECT, for us as well",
    (NTLM[0], "username"): "Zeek leaves the names unset; we have them from AUTHENTICATE",
    (NTLM[0], "flow"): "the recording has no SYN; Zeek takes the sender of bind_ack for the client,"
    " we the sender of bind",
    (CUT[0], "row"): "only a CHALLENGE was sent: no authentication took place, so no event",
}


def read_log(path):
    names, rows = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif line and not line.startswith("#"):
            values = [v.replace("\\\\", "\\") for v in line.split("\t")]
            rows.append(dict(zip(names, values, strict=True)))
    return rows


def tag(event):
    return type(event).__struct_config__.tag


@pytest.fixture(scope="module")
def compared(atp_data):
    cache = {}

    def load(case, log):
        test, capture = case
        if capture not in cache:
            events = []
            summary = read_capture(atp_data / "pcap/zeek+zeek" / capture, events.append)
            assert summary.fault is None
            cache[capture] = events
        return read_log(atp_data / "expected/zeek+zeek" / test / f"{log}.log"), cache[capture]

    return load


def flow_of(row):
    return (row["id.orig_h"], int(row["id.orig_p"]), row["id.resp_h"], int(row["id.resp_p"]))


def flow(event):
    return (event.src_ip, event.src_port, event.dst_ip, event.dst_port)


def calls_of(events, row):
    """Calls of the row's flow in the order of their requests."""
    kinds = ("rpc_call", "replication", "samr_query", "netlogon_secure")
    mine = [e for e in events if tag(e) in kinds and flow(e) == flow_of(row)]
    return sorted(mine, key=lambda e: e.ts)


@pytest.mark.parametrize("case", [CONTEXT, MAPI], ids=["context", "mapi"])
def test_calls(case, compared):
    rows, events = compared(case, "dce_rpc")
    seen = {}
    assert rows
    for row in rows:
        number = seen[flow_of(row)] = seen.get(flow_of(row), 0) + 1
        calls = calls_of(events, row)
        assert len(calls) >= number, row
        call = calls[number - 1]
        if (case[0], "named_pipe") not in ACCEPTED:
            assert call.pipe == row["named_pipe"]
        else:
            assert call.pipe == row["id.resp_p"]
        assert call.interface == row["endpoint"]
        accepted = (case[0], "operation", number) in ACCEPTED
        if accepted:
            assert (call.method, call.outcome) == ("EcDoRpc", "unknown")
        else:
            assert call.method == row["operation"]
    for row in rows:
        assert len(calls_of(events, row)) == seen[flow_of(row)]


@pytest.mark.parametrize("case", [SMB1, DELETE, SMB2], ids=["smb1", "delete", "smb2"])
def test_files(case, compared):
    rows, events = compared(case, "smb_files")
    assert rows
    files = [e for e in events if tag(e) == "smb_file" and e.path is not None]
    for row in rows:
        name = "" if row["name"] == "<share_root>" else row["name"]
        found = [e for e in files if flow(e) == flow_of(row) and e.path == name]
        assert found, row
        if row["path"] == "-":
            assert (case[0], "path") in ACCEPTED
        else:
            assert any(e.share == row["path"] for e in found)
        action = re.sub("^SMB::FILE_", "", row["action"]).lower()
        # an open that was used is told by its use
        assert action == "open" or any(e.action == action for e in found), row
        assert (case[0], "size") in ACCEPTED
    deletes = [r for r in rows if r["action"] == "SMB::FILE_DELETE"]
    assert len([e for e in files if e.action == "delete"]) == len(deletes)


def test_mapping(compared):
    rows, events = compared(SMB2, "smb_mapping")
    shares = {(flow(e), e.share) for e in events if tag(e) == "smb_file" and e.path is None}
    assert shares == {(flow_of(row), row["path"]) for row in rows}


@pytest.mark.parametrize("case", [MAPI, NTLM, CUT], ids=["mapi", "ntlm", "cut"])
def test_ntlm(case, compared):
    rows, events = compared(case, "ntlm")
    assert rows
    for row in rows:
        there = flow_of(row)
        if (case[0], "flow") in ACCEPTED:
            there = there[2:] + there[:2]
        found = [e for e in events if tag(e) == "ntlm_auth" and flow(e) == there]
        if (case[0], "row") in ACCEPTED:
            assert not found
            continue
        (event,) = found
        if row["username"] == "-":
            assert (case[0], "username") in ACCEPTED
            assert event.account == "BLACKCLOVER\\Administrator"
            continue
        assert event.account == f"{row['domainname']}\\{row['username']}"
        assert event.workstation == row["hostname"]
