"""Numbers of RPC requests and SMB messages in the lab's recordings, beside tshark's."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter

import pytest

from sensor.decode.rpc_methods import METHODS
from sensor.inputs.captures import read_capture

pytestmark = pytest.mark.lab

OPNUM = {
    method: (interface, opnum)
    for interface, methods in METHODS.items()
    for opnum, method in enumerate(methods)
    if method and interface in ("samr", "drsuapi", "netlogon")
}
NAMES = {
    "SAMR": "samr", "LSARPC": "lsarpc", "SRVSVC": "srvsvc", "SVCCTL": "svcctl", "WINREG": "winreg",
    "DRSUAPI": "drsuapi", "EPM": "epmapper", "RPC_NETLOGON": "netlogon", "DSSETUP": "dssetup",
    "DNSSERVER": "dnsserver",
}  # fmt: skip


@pytest.fixture(scope="module", params=["benign", "suspicious", "dcjoin"])
def recording(request, atp_lab):
    events = []
    path = atp_lab / "capture" / f"{request.param}.pcap"
    summary = read_capture(path, events.append)
    assert summary.fault is None
    assert not [c for c in summary.counters if c.startswith(("smb", "rpc")) and "malformed" in c]
    return request.param, path, events


def tshark(path, display_filter, *fields):
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    command = ["tshark", "-r", str(path), "-Y", display_filter, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def tag(event):
    return type(event).__struct_config__.tag


def requests(events):
    """(interface, opnum) of each event that stands for a request."""
    for event in events:
        if tag(event) == "rpc_call":
            yield event.interface, event.opnum
        elif tag(event) in ("samr_query", "replication", "netlogon_secure"):
            yield OPNUM[event.method]


def test_requests_by_interface_and_opnum(recording):
    _name, path, events = recording
    theirs = Counter()
    rows = tshark(path, "dcerpc.pkt_type==0", "_ws.col.Protocol", "dcerpc.opnum")
    for protocol, opnums in rows:
        if protocol in NAMES:
            theirs.update((NAMES[protocol], int(opnum)) for opnum in opnums.split(","))
    ours = Counter(key for key in requests(events) if key[0] in NAMES.values())
    assert ours == theirs


def test_requests_of_connections_older_than_the_recording(recording):
    """Nobody saw their binds, so tshark says DCERPC; we say `unknown`, or what a secure channel
    allows."""
    _name, path, events = recording
    rows = tshark(path, "dcerpc.pkt_type==0", "_ws.col.Protocol", "tcp.srcport", "dcerpc.opnum")
    theirs = Counter((int(port), int(op)) for protocol, port, op in rows if protocol == "DCERPC")
    ports = {port for port, _opnum in theirs}
    calls = [
        e for e in events if tag(e) == "rpc_call" and e.src_port in ports and e.dst_port != 445
    ]
    assert Counter((e.src_port, e.opnum) for e in calls) == theirs


def test_replication_requests(recording):
    name, _path, events = recording
    found = Counter(
        e.src_ip for e in events if tag(e) == "replication" and e.method == "DRSGetNCChanges"
    )
    expected = {"benign": {}, "suspicious": {"10.77.0.66": 3}, "dcjoin": {"10.77.0.11": 26}}
    assert found == expected[name]


def test_session_set_ups(recording):
    _name, path, events = recording
    answers = tshark(path, "smb2.cmd==1 && smb2.flags.response==1", "smb2.nt_status")
    last = [status for (status,) in answers if int(status, 16) != 0xC0000016]
    assert Counter(e.status for e in events if tag(e) == "smb_session") == Counter(
        int(status, 16) for status in last
    )


def test_opens(recording):
    _name, path, events = recording
    answers = tshark(path, "smb2.cmd==5 && smb2.flags.response==1", "smb2.nt_status")
    theirs = Counter(int(s, 16) for row in answers for s in row[0].split(","))
    files = [e for e in events if tag(e) == "smb_file" and e.path is not None]
    # one event for each thing done: in these recordings nothing is done twice with one open
    assert Counter(e.status for e in files) == theirs
