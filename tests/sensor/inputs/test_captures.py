"""Capture files: formats, and what is left of damaged ones. Damages are values, never exceptions."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tracemalloc

import frames
import pytest
from frames import enhanced, interface, option, pcap, pcapng, section, simple

from sensor.inputs import bytestream, captures
from sensor.inputs.damage import Damage
from sensor.inputs.packets import Packets
from sensor.inputs.pcapng import Dropped

TS = 1_700_000_000_000_000
FRAMES = [(TS + i * 1_001, bytes([i % 256]) * (14 + i * 7 % 90)) for i in range(300)]


def read(data: bytes):
    """Frames with times, damages, and the rest, of a file with these bytes."""
    found, damages, other = [], [], []
    for item in captures.blocks(io.BytesIO(data)):
        if isinstance(item, Packets):
            spans = zip(item.times, item.starts, item.ends, strict=True)
            found += [(ts, item.data[o:e]) for ts, o, e in spans]
        elif isinstance(item, Damage):
            damages.append(item)
        else:
            other.append(item)
    return found, damages, other


FORMATS = {
    "pcap": pcap(FRAMES),
    "pcap big endian": pcap(FRAMES, order=">"),
    "pcap nanoseconds": pcap(FRAMES, nano=True),
    "pcap nanoseconds big endian": pcap(FRAMES, nano=True, order=">"),
    "pcapng": pcapng(FRAMES),
    "pcapng big endian": pcapng(FRAMES, order=">"),
    "pcapng old packets": section() + interface() + b"".join(frames.old(t, f) for t, f in FRAMES),
    "pcapng old packets big endian": section(">")
    + interface(">")
    + b"".join(frames.old(t, f, ">") for t, f in FRAMES),
    "pcapng two sections": pcapng(FRAMES[:100]) + pcapng(FRAMES[100:], order=">"),
}


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("block", [1, 7, 100, 128 << 10])
def test_formats(monkeypatch, data, packed, block):
    monkeypatch.setattr(bytestream, "BLOCK", block)
    found, damages, other = read(gzip.compress(data) if packed else data)
    assert (damages, other) == ([], [])
    assert found == FRAMES


@pytest.mark.parametrize(
    ("options", "ticks", "expected"),
    [
        (b"", TS, TS),
        (option(9, b"\6"), TS, TS),
        (option(9, b"\3"), TS // 1000, TS // 1000 * 1000),
        (option(9, b"\0"), 1_700_000_000, TS),
        (option(9, b"\x09"), TS * 1000 + 999, TS),
        (option(9, b"\x8a"), 1_700_000_000 << 10, TS),
        (option(9, b"\xff"), (1 << 64) - 1, 0),
        (option(9, b"\x7f"), (1 << 64) - 1, 0),
        (option(9, b"\0"), (1 << 64) - 1, (1 << 62) - 1),
        (option(14, struct.pack("<q", 1_600_000_000)), 100_000_000 * 10**6, TS),
        (option(14, struct.pack("<q", -(1 << 62))), TS, 0),
        (option(2, b"eth0") + option(9, b"\0") + option(1, b"x"), 1_700_000_000, TS),
        (option(9, b""), TS, TS),
        (struct.pack("<HH", 9, 500), TS, TS),
    ],
    ids=range(14),
)
def test_resolution_and_offset_of_times(options, ticks, expected):
    data = section() + interface(options=options) + enhanced(ticks, b"x" * 20)
    found, damages, _ = read(data)
    assert (found, damages) == ([(expected, b"x" * 20)], [])


def test_several_interfaces_and_link_types():
    data = section() + interface() + interface(linktype=113, options=option(9, b"\0"))
    data += enhanced(5, b"a" * 14) + enhanced(6, b"b" * 14, number=1) + enhanced(7, b"c" * 14)
    kinds = [
        (i.linktype, i.times) for i in captures.blocks(io.BytesIO(data)) if isinstance(i, Packets)
    ]
    assert kinds == [(1, [5]), (113, [6_000_000]), (1, [7])]


def test_simple_packets_are_cut_and_without_time():
    data = section() + interface(snap=20) + enhanced(TS, b"a" * 14)
    data += simple(b"b" * 20, length=1000) + simple(b"c" * 17)
    assert read(data)[0] == [(TS, b"a" * 14), (TS, b"b" * 20), (TS, b"c" * 17)]


def test_other_blocks_are_passed_over_without_keeping_them():
    big = frames.block(0xBAD, bytes(40 << 20))
    data = section() + interface() + big + enhanced(TS, b"a" * 14) + frames.block(4, b"names")
    file = io.BytesIO(data)
    tracemalloc.start()
    found = [i for i in captures.blocks(file) if isinstance(i, Packets)]
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
    assert len(found) == 1


def test_drops_of_the_capturing_machine():
    def statistics(drops):
        return frames.block(5, struct.pack("<III", 0, 0, 0) + option(5, struct.pack("<Q", drops)))

    data = section() + interface() + statistics(3) + statistics(3) + statistics(10)
    _, damages, other = read(data)
    assert damages == []
    assert [d.packets for d in other if isinstance(d, Dropped)] == [3, 7]


REFUSED = {
    "empty": (b"", "empty"),
    "three bytes": (b"\xd4\xc3\xb2", "neither"),
    "text": (b"GET / HTTP/1.1\r\n" * 9, "neither"),
    "modified": (b"\x34\xcd\xb2\xa1" + bytes(60), "Kuznetzov"),
    "modified, big endian": (b"\xa1\xb2\xcd\x34" + bytes(60), "Kuznetzov"),
    "header only in part": (pcap([])[:20], "inside its header"),
    "version": (pcap([])[:4] + b"\7\0" + pcap([])[6:], "version 7.4"),
    "pcapng cut": (section()[:20], "inside a block"),
    "pcapng without byte order": (section()[:8] + bytes(40), "byte-order magic"),
    "gzip of nothing": (gzip.compress(b""), "empty"),
    "gzip cut in its header": (gzip.compress(b"")[:6], "gzip stream is cut"),
    "not really gzip": (b"\x1f\x8b" + bytes(50), "gzip stream is damaged"),
}


@pytest.mark.parametrize(("data", "why"), REFUSED.values(), ids=REFUSED)
def test_refused_files_say_why(data, why):
    found, damages, _ = read(data)
    assert found == []
    assert len(damages) == 1
    assert why in damages[0].reason


@pytest.mark.parametrize("linktype", [105, 147])
def test_link_type_not_understood(linktype):
    for data in (pcap(FRAMES, linktype=linktype), pcapng(FRAMES, linktype=linktype)):
        found, damages, _ = read(data)
        assert [str(linktype) in d.reason for d in damages] == [True]
        assert len(found) == len(FRAMES)


RECORD = 16
AT = 24 + sum(RECORD + len(f) for _, f in FRAMES[:150])
"""Where record 150 begins in the plain pcap."""


@pytest.mark.parametrize("name", [n for n in FORMATS if n.startswith("pcap ") or n == "pcap"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d[: AT + 8] + b"\xff" * 4 + d[AT + 12 :],
        lambda d: d[:AT] + b"\xff" * 16 + d[AT + 16 :],
        lambda d: d[: AT - 5] + d[AT + 40 :],
        lambda d: d[:AT] + random.Random(1).randbytes(5_000) + d[AT:],
        lambda d: d[:AT] + b"\xff" * 600_000 + d[AT:],
    ],
    ids=["length", "header", "bytes missing", "bytes inserted", "more than a window inserted"],
)
@pytest.mark.parametrize("block", [100, 128 << 10])
def test_pcap_goes_on_behind_damage(monkeypatch, name, damage, block):
    monkeypatch.setattr(bytestream, "BLOCK", block)
    found, damages, _ = read(damage(FORMATS[name]))
    assert len(damages) == 1
    assert "passed over" in damages[0].reason
    assert AT - 200 <= damages[0].offset <= AT + 400
    assert found[:148] == FRAMES[:148]
    assert found[-140:] == FRAMES[-140:]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda d, at: d[: at + 4] + b"\xff" * 4 + d[at + 8 :],
        lambda d, at: d[: at + 4] + b"\x2d\0\0\0" + d[at + 8 :],
        lambda d, at: d[:at] + b"\xff" * 12 + d[at + 12 :],
        lambda d, at: d[: at - 3] + d[at:],
        lambda d, at: d[:at] + random.Random(1).randbytes(5_001) + d[at:],
        lambda d, at: d[: at - 4] + b"\0\0\0\0" + d[at:],
    ],
    ids=["huge length", "odd length", "header", "bytes missing", "bytes inserted", "second length"],
)
def test_pcapng_goes_on_behind_damage(order, damage):
    data = pcapng(FRAMES, order=order)
    at = data.index(enhanced(*FRAMES[150], order))
    found, damages, _ = read(damage(data, at))
    assert damages
    assert all("passed over" in d.reason for d in damages)
    assert found[:149] == FRAMES[:149]
    assert found[-148:] == FRAMES[-148:]


def test_packet_block_that_contradicts_itself():
    bad = bytearray(enhanced(1, b"a" * 20))
    bad[20:24] = b"\xff\0\0\0"
    data = (
        section() + interface() + bytes(bad) + enhanced(2, b"b" * 20) + enhanced(3, b"c", number=9)
    )
    found, damages, _ = read(data)
    assert found == [(2, b"b" * 20)]
    assert [d.offset for d in damages] == [48, 152]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_files_give_what_they_hold(name, packed, share):
    data = gzip.compress(FORMATS[name]) if packed else FORMATS[name]
    found, damages, _ = read(data[: int(len(data) * share)])
    assert found == FRAMES[: len(found)]
    assert len(damages) == 1
    if not packed:
        assert len(found) > len(FRAMES) * share - 12


def test_damaged_gzip_says_where():
    data = bytearray(gzip.compress(FORMATS["pcap"]))
    data[len(data) // 2 : len(data) // 2 + 50] = b"\xff" * 50
    found, damages, _ = read(bytes(data))
    assert found[:100] == FRAMES[:100]  # then what the damaged stream stands for
    assert "gzip stream is damaged" in damages[-1].reason
    assert damages[-1].offset >= 24


def test_gzip_members_and_padding():
    data = FORMATS["pcap"]
    packed = gzip.compress(data[:1000]) + gzip.compress(data[1000:]) + bytes(100)
    assert read(packed) == (FRAMES, [], [])


def test_gzip_bomb_costs_no_memory():
    packed = gzip.compress(pcap([(TS, b"x" * 60)]) + bytes(30 << 20))
    assert len(packed) < 50_000
    file = io.BytesIO(packed)
    tracemalloc.start()
    for _ in captures.blocks(file):
        pass
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_read_capture(tmp_path):
    talk = frames.Talk(ts=TS).open().send(True, b"\0\0\0\x04junk").close()
    path = tmp_path / "small.pcap"
    path.write_bytes(pcap(talk.frames)[:-3])
    events, progress = [], []
    summary = captures.read_capture(path, events.append, lambda *p: progress.append(p))
    assert summary.packets == len(talk.frames) - 1
    assert summary.bytes == path.stat().st_size
    assert [d.offset for d in summary.damages] == [path.stat().st_size - 54 - 16 + 3]
    assert summary.counters["capture.damages"] == 1
    assert progress[-1] == (summary.bytes, summary.bytes)
    assert {e.sensor for e in events} == {"capture:small.pcap"}
    assert [e.seq for e in events] == list(range(1, len(events) + 1))


def test_a_file_that_is_not_there_is_the_callers_matter(tmp_path):
    with pytest.raises(FileNotFoundError):
        captures.read_capture(tmp_path / "none.pcap", print)
