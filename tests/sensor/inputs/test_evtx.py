"""The container of .evtx files: order, checksums, damage; a chunk reader of the test's own."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from sensor.inputs.damage import Damage
from sensor.inputs.evtx import read_evtx
from sensor.inputs.evtxchunk import CHUNK_SIZE, any_reader, python_reader, rust_reader
from sensor.inputs.evtxtables import safe_tables
from sensor.inputs.wintree import NoEventError
from sensor.map.record import Record


def header(flags=0):
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, 9, 128, 1, 3, 4096, 1).ljust(120, b"\0")
    return (head + struct.pack("<II", flags, zlib.crc32(head))).ljust(4096, b"\0")


def chunk(first, last):
    body = struct.pack("<Q", first).ljust(CHUNK_SIZE - 512, b"\0")
    head = struct.pack("<8sQQQQIII", b"ElfChnk\0", first, last, first, last, 128, 512, 1024)
    head += struct.pack("<I", zlib.crc32(body[:512]))
    head = head.ljust(124, b"\0")
    table = bytes(384)
    return head + struct.pack("<I", zlib.crc32(table, zlib.crc32(head[:120]))) + table + body


def numbers(chunk):
    first, last = struct.unpack_from("<QQ", chunk, 8)
    for number in range(first, min(last, first + 100) + 1):
        yield Record(ts=0, event_id=1, record_id=number)


def read(data, reader=numbers):
    found = list(read_evtx(io.BytesIO(data), reader=reader))
    return (
        [item.record_id for item in found if isinstance(item, Record)],
        [item for item in found if isinstance(item, Damage)],
    )


def test_chunks_are_read_in_the_order_of_their_records():
    ids, damages = read(header() + chunk(7, 8) + chunk(1, 3) + chunk(4, 6))
    assert ids == [1, 2, 3, 4, 5, 6, 7, 8]
    assert damages == []


def test_unused_space_is_no_damage():
    unused = chunk(2**64 - 1, 2**64 - 1)
    assert read(header() + chunk(1, 2) + bytes(CHUNK_SIZE) + unused) == ([1, 2], [])
    assert read(header()) == ([], [])


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


SOUND = header() + chunk(1, 2) + chunk(3, 4)


@pytest.mark.parametrize(
    ("data", "ids", "offsets"),
    [
        (flip(SOUND, 0), [1, 2, 3, 4], [0]),
        (flip(SOUND, 16), [1, 2, 3, 4], [0]),
        (flip(SOUND, 4096), [3, 4], [4096]),
        (flip(SOUND, 4096 + 60), [1, 2, 3, 4], [4096]),
        (flip(SOUND, 4096 + 600), [1, 2, 3, 4], [4096]),
        (flip(SOUND, 4096 + 50), [1, 2, 3, 4], [4096, 4096]),
        (SOUND[:-100], [1, 2, 3, 4], [4096 + CHUNK_SIZE]),
        (SOUND[: 4096 + CHUNK_SIZE + 100], [1, 2], [4096 + CHUNK_SIZE]),
        (SOUND[:100], [], [0]),
        (b"", [], [0]),
    ],
)
def test_damage_is_told_and_the_rest_used(data, ids, offsets):
    found, damages = read(data)
    assert found == ids
    assert [damage.offset for damage in damages] == offsets


def test_a_log_not_closed_may_have_old_checksums():
    assert read(flip(header(flags=1) + chunk(1, 2), 4096 + 600)) == ([1, 2], [])


def test_records_missing_in_a_chunk_are_told():
    ids, damages = read(header() + chunk(1, 5), lambda data: list(numbers(data))[:3])
    assert ids == [1, 2, 3]
    assert damages == [Damage(4096, "2 of 5 records are missing")]


def test_records_that_cannot_be_read_are_told():
    def reader(data):
        yield NoEventError("bad")
        yield Record(ts=0, event_id=1, record_id=2)

    ids, damages = read(header() + chunk(1, 2), reader)
    assert ids == [2]
    assert damages == [Damage(4096, "record: bad")]


@pytest.mark.parametrize("make", [rust_reader, python_reader, any_reader])
@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"**\0\0", b"\x0f\x01\x01\x00"])
def test_readers_survive_rubbish(make, fill):
    reader = make()
    rubbish = bytearray(chunk(1, 3))
    rubbish[512:] = fill * ((CHUNK_SIZE - 512) // len(fill))
    for item in reader(bytes(rubbish)):
        assert isinstance(item, Record | NoEventError)


@pytest.mark.parametrize(
    ("links", "cut"),
    [
        ({}, 0),
        ({128: 600, 600: 700, 700: 0}, 0),
        ({128: 600, 600: 600}, 1),
        ({128: 600, 600: 700, 700: 600, 132: 800}, 1),
        ({384: 900, 900: 1000, 1000: 900}, 1),
        ({128: 70000, 132: 100, 508: CHUNK_SIZE - 3}, 3),
        (dict.fromkeys(range(128, 512, 4), 600) | {600: 700, 700: 600}, 96),
    ],
)
def test_tables_that_lead_in_a_circle_are_cut(links, cut):
    data = bytearray(chunk(1, 2))
    for at, following in links.items():
        struct.pack_into("<I", data, at, following)
    mended, count = safe_tables(bytes(data))
    assert count == cut
    assert safe_tables(mended) == (mended, 0)
    for make in (rust_reader, python_reader):
        list(make()(mended))
    damages = [d.reason for d in read(header() + bytes(data))[1]]
    assert any("circle" in reason for reason in damages) is bool(cut)
