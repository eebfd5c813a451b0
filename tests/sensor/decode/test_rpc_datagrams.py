"""Connectionless DCE/RPC: hand-made datagrams, and a real capture beside tshark."""

from __future__ import annotations

import shutil
import struct
import subprocess
import uuid

import pytest
from transcripts import Recorder

from sensor.contract import Flow, Malformed
from sensor.decode import dcerpc

WINREG = "338cd001-2244-31f1-aaaa-900038001003"


def datagram(kind, stub=b"", *, opnum=2, seq=1, flags=0, fragment=0, big=False, auth=0):
    order = ">" if big else "<"
    interface, activity = uuid.UUID(WINREG), uuid.UUID(int=7)
    ids = [u.bytes if big else u.bytes_le for u in (uuid.UUID(int=0), interface, activity)]
    head = bytes((4, kind, flags, 0, 0x00 if big else 0x10, 0, 0, 0)) + b"".join(ids)
    rest = struct.pack(
        order + "IIIHHHHHBB", 0, 1, seq, opnum, 0xFFFF, 0xFFFF, len(stub), fragment, auth, 0
    )
    return head + rest + stub


def events_of(*datagrams):
    recorder = Recorder()
    reader = dcerpc.reader(Flow("10.0.0.50", 1_030, "10.0.0.10", 135, udp=True), recorder)
    for to_server, data in datagrams:
        reader.message(1, to_server, data, 0, len(data))
    reader.close(2)
    return [
        (e.interface, e.opnum, e.method, e.object, e.outcome, e.encrypted) for e in recorder.events
    ]


@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
def test_call_and_answer(big):
    answer = b"K" * 20 + b"\0" * 4
    got = events_of((True, datagram(0, b"\0" * 8, big=big)), (False, datagram(2, answer, big=big)))
    assert got == [("winreg", 2, "OpenLocalMachine", "HKLM", "success", False)]


def test_fault_silence_and_sealed_calls():
    denied = struct.pack("<I", 5)
    assert events_of((True, datagram(0)), (False, datagram(3, denied)))[0][4] == "denied"
    assert events_of((True, datagram(0)), (False, datagram(6, denied)))[0][4] == "denied"
    assert events_of((True, datagram(0)))[0][4:] == ("unknown", False)
    assert events_of((True, datagram(0, b"x" * 8, auth=10)))[0][4:] == ("unknown", True)


def test_fragments_join_and_repeated_requests_are_one_call():
    name = struct.pack("<HHIIII", 8, 8, 1, 4, 0, 4) + "SAM\0".encode("utf-16-le")
    stub = b"K" * 20 + name + b"\0" * 8
    opened = (False, datagram(2, b"K" * 20 + b"\0" * 4))
    talk = [
        (True, datagram(0, b"\0" * 8)),
        opened,
        (True, datagram(0, stub[:24], opnum=15, seq=2, flags=4)),
        (True, datagram(0, stub[24:], opnum=15, seq=2, flags=6, fragment=1)),
        (False, datagram(2, b"L" * 20, seq=2, flags=4)),
        (False, datagram(2, b"\0" * 4, seq=2, flags=6, fragment=1)),
        (True, datagram(0, b"\0" * 8, seq=3)),
        (True, datagram(0, b"\0" * 8, seq=3)),
    ]
    got = events_of(*talk)
    assert [row[3] for row in got[:2]] == ["HKLM", "HKLM\\SAM"]
    assert len(got) == 3


@pytest.mark.parametrize(
    "data",
    [b"", b"\4" + b"\0" * 60, b"\5" + b"\0" * 100, datagram(0)[:74] + b"\xff\xff" + b"\0" * 8],
)
def test_malformed(data):
    with pytest.raises(Malformed):
        events_of((True, data))


def test_state_is_bounded():
    talk = [(True, datagram(0, b"x" * 1_400, seq=n)) for n in range(500)]
    recorder = Recorder()
    reader = dcerpc.reader(Flow("10.0.0.50", 1_030, "10.0.0.10", 135, udp=True), recorder)
    for to_server, data in talk:
        reader.message(1, to_server, data, 0, len(data))
    assert len(recorder.events) == 500 - 32


@pytest.mark.data
def test_real_requests_as_tshark_reads_them(atp_data):
    path = atp_data / "pcap/ntop+nDPI/dcerpc.pcap"
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    fields = ("udp.payload", "dcerpc.dg_if_id", "dcerpc.opnum")
    command = ["tshark", "-r", str(path), "-Y", "dcerpc.pkt_type==0", "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    assert len(rows) == 8
    for payload, interface, opnum in rows:
        (got,) = events_of((True, bytes.fromhex(payload)))
        assert got[:2] == (interface, int(opnum))
