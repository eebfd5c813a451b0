"""NTLMSSP AUTHENTICATE messages against tshark: all that the client shows of itself.

Compared: account, workstation, flags, version, message integrity code, AV pairs in their order, AV
flags and target name. Captures: those of a bound size that hold NTLMSSP; accepted difference
(`UNREAD`): an authentication over HTTP.
"""

from __future__ import annotations

import csv
import shutil

import pytest
import tsharkntlm
import zeeklog

from dsl.schema.enums import AV_FLAG

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark"),
]
UNREAD = {"corelight+CVE-2022-30216/testing__Traces__successful.pcap": 1}
LAB = ("benign", "suspicious", "dcjoin")
PACKETS = 1_500
"""Of one capture; there are more than a hundred of them."""
WORDS = {word: bit for bit, word in AV_FLAG.items()}


def shape(event):
    """Flags, version, MIC and AV ids in the event's fingerprint."""
    part = dict(item.split("=", 1) for item in event.fingerprint.split(";")[1:])
    pairs = tuple(int(n) for n in part["avp"].split(",") if n)
    return int(part["a"], 16), None if part["av"] == "-" else part["av"], part["mic"], pairs


def ours(capture):
    return {
        (
            e.src_ip, e.account, e.workstation or "", *shape(e),
            None if e.av_flags is None else sum(WORDS[word] for word in e.av_flags), e.target_name,
        )
        for e in zeeklog.events(capture, "NtlmAuth")
        if e.logon_type is None
    }  # fmt: skip


def compare(capture, unread=0):
    mine, expected = ours(capture), set(tsharkntlm.authenticates(capture))
    assert not mine - expected, capture.name
    assert len(expected - mine) <= unread, capture.name
    return len(expected)


@pytest.mark.parametrize("name", LAB)
def test_lab(atp_lab, name):
    assert compare(atp_lab / "capture" / f"{name}.pcap") > 0


def test_captures(atp_data):
    with (atp_data / "MANIFEST.csv").open() as file:
        names = [
            row["file"].removeprefix("pcap/")
            for row in csv.DictReader(file)
            if row["file"].startswith("pcap/")
            and "ntlmssp" in row["protocol_or_event_ids"]
            and int(row["packets_or_events"]) <= PACKETS
        ]
    seen = sum(compare(atp_data / "pcap" / name, UNREAD.get(name, 0)) for name in names[::3])
    assert seen > 20
    assert compare(atp_data / "pcap" / next(iter(UNREAD)), 1) == 4
