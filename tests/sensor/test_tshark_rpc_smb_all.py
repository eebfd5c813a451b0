"""RPC requests, SMB sessions, trees and refused opens of every real capture, beside tshark's numbers."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter

import pytest

from sensor.inputs.captures import read_capture

pytestmark = [pytest.mark.data, pytest.mark.slow]

MORE_PROCESSING = 0xC0000016
REQUESTS = ("rpc_call", "samr_query", "replication", "netlogon_secure")
FIELDS = (
    "dcerpc.pkt_type", "dcerpc.cn_flags.first_frag", "smb2.cmd", "smb2.flags.response",
    "smb2.nt_status", "smb.cmd", "smb.flags.response", "smb.nt_status",
)  # fmt: skip
SMB = {"1": "session", "3": "tree", "5": "refused"}
SMB1 = {"115": "session", "117": "tree"}

ACCEPTED = {
    "dce-rpc__mapi.pcap": "tshark takes one connection of Exchange for ANSI C12.22",
    "smb__smb2.pcap": "tshark dissects the one request twice",
    "kerberos.pcap": "only one direction was recorded, so no answer has its request",
    "Pcap_Examples__Kerberos_-_v5_UDP.pcap": "tshark does not take up two connections whose bind is"
    " not in the capture",
    "smb__smb1-OSS-fuzz-54883.pcap": "made by a fuzzer",
}


def tag(event):
    return type(event).__struct_config__.tag


def number(text):
    return int(text, 0)


def yes(text):
    return text in ("True", "1")


def by_tshark(path):
    command = ["tshark", "-r", str(path), "-Y", "(dcerpc && tcp) || smb2 || smb", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = Counter()
    for line in out.splitlines():
        row = [cell.split(",") if cell else [] for cell in (line.split("\t") + [""] * 8)[:8]]
        kinds, first, commands, answers, statuses, old, old_answers, old_statuses = row
        for kind, begins in zip(kinds, first, strict=False):
            found["request"] += kind == "0" and yes(begins)
        left = iter(statuses)
        for command, answer in zip(commands, answers, strict=False):
            if yes(answer) and (status := next(left, "")):
                found[SMB.get(command), number(status)] += 1
        if old and old_answers and yes(old_answers[0]) and old_statuses:
            for command in old:
                found[SMB1.get(str(number(command))), number(old_statuses[0])] += 1
    return found


def ours(path):
    found = Counter()
    events = []
    read_capture(path, events.append)
    for event in events:
        kind = tag(event)
        if kind in REQUESTS or (kind == "ntlm_auth" and event.logon_type):
            found["request"] += 1
        elif kind == "smb_session":
            found["session", event.status] += 1
        elif kind == "smb_file" and event.path is None and event.share is not None:
            found["tree", event.status] += 1
        elif kind == "smb_file" and event.status:
            found["refused", event.status] += 1
    return found


def compared(found):
    """Without what is no end of an exchange, and opens that went well (told when they end)."""
    skip = {("session", MORE_PROCESSING), ("refused", 0), ("refused", 0x103)}
    return {k: n for k, n in found.items() if n and k not in skip and k[0] is not None}


def test_all_captures(atp_data):
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    differ = {}
    seen = 0
    for path in sorted((atp_data / "pcap").rglob("*")):
        if not path.is_file():
            continue
        theirs = compared(by_tshark(path))
        if not theirs:
            continue
        seen += 1
        mine = compared(ours(path))
        if mine != theirs and path.name not in ACCEPTED:
            differ[path.name] = {
                k: (mine.get(k, 0), theirs.get(k, 0))
                for k in {*mine, *theirs}
                if mine.get(k, 0) != theirs.get(k, 0)
            }
    assert not differ
    assert seen > 90
