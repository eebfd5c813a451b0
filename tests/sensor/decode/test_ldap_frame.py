from __future__ import annotations

import time

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import ldap_frame
from sensor.decode.ldap_frame import Stream

SEARCH = der.ldap(1, der.search_request("DC=test"))
ENTRY = der.ldap(
    300,
    der.entry("CN=alice,DC=test", der.seq(der.octets("x"), der.tlv(0x31, der.octets(b"y" * 3000)))),
)
DONE = der.ldap(300, der.ldap_result(0x65))
NAMED = len(ENTRY) - len(ENTRY[ENTRY.index(b"CN=alice") :]) + len("CN=alice,DC=test")


@pytest.mark.parametrize(
    "message",
    [SEARCH, ENTRY, DONE, der.ldap(5, der.tlv(0x42)), der.ldap(2**31 - 1, der.tlv(0x4A, b"CN=x"))],
)
def test_bounds_wait_for_what_they_need(message):
    want, total = ldap_frame.message_bounds(message, 0, len(message))
    assert total == len(message)
    for end in range(len(message)):
        got = ldap_frame.message_bounds(message, 0, end)
        assert got in {(0, 0), (want, total)}
        if got == (0, 0):
            assert end < want


def test_an_entry_is_wanted_to_its_name():
    assert ldap_frame.message_bounds(ENTRY, 0, len(ENTRY)) == (NAMED, len(ENTRY))


def test_windows_lengths():
    message = der.tlv(
        0x30,
        der.integer(2),
        der.tlv(0x64, der.tlv(4, b"CN=a", long=True), der.seq(long=True), long=True),
        long=True,
    )
    want, total = ldap_frame.message_bounds(message, 0, len(message))
    assert (message[want - 4 : want], total) == (b"CN=a", len(message))


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x30\x02\x02\x00\x00\x00\x00",
        b"\x30\x05\x04\x01\x01\x60\x00",
        b"\x30\x05\x02\x01\x01\x99\x00",
        b"\x30\x80\x02\x01\x01\x60\x00",
        b"\x30\x06\x02\x04\x01\x01\x60\x00\x00",
        b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x60",
        b"\x30\x07\x02\x01\x01\x64\x7f\x04\x00",
    ],
)
def test_no_message(raw):
    assert ldap_frame.frame(raw, 0, len(raw), wrapped=False) == (0, -1)


@pytest.mark.parametrize(
    ("raw", "wrapped", "answer"),
    [
        ("000001000504", False, (0, 0)),
        ("00000100050406ff", False, (7, 260)),
        ("00000100050404ff", False, (260, 260)),
        ("0000010001000000", False, (260, 260)),
        ("0000010099000000", False, (0, -1)),
        ("0000010099000000", True, (260, 260)),
        ("0000000199000000", True, (0, -1)),
        ("16030100500000ff", False, (5, 85)),
        ("17030300100000ff", True, (5, 21)),
    ],
)
def test_buffers_and_records(raw, wrapped, answer):
    b = bytes.fromhex(raw)
    assert ldap_frame.frame(b, 0, len(b), wrapped=wrapped) == answer


def test_huge_messages_are_wanted_in_part():
    head = b"\x30\x84\x00\xf0\x00\x00\x02\x01\x01\x68"
    assert ldap_frame.message_bounds(head, 0, len(head)) == (1 << 20, 0xF00006)


@pytest.mark.parametrize("junk", [b"", b"\x30\x30\x02", b"\x00\x01\x02\x03" * 9, bytes(range(256))])
def test_find(junk):
    b = junk + DONE + SEARCH
    assert ldap_frame.find(b, 0, len(b), to_server=False) == len(junk)
    assert ldap_frame.find(b, 0, len(b), to_server=True) == len(junk) + len(DONE)
    assert ldap_frame.find(junk, 0, len(junk), to_server=True) == -1


@pytest.mark.parametrize("buffer", ["0000007c050406ff0000001c0000", "0000007c0100000099999999"])
def test_find_sasl_buffers(buffer):
    b = b"\x99\x98" + bytes.fromhex(buffer)
    assert ldap_frame.find(b, 0, len(b), to_server=True) == 2


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, 100, 10_000])
def test_stream_joins_messages_over_buffers(size):
    text = SEARCH + ENTRY + ENTRY + DONE + SEARCH
    stream = Stream()
    found = []
    for o in range(0, len(text), size):
        found += stream.feed(text[o : o + size])
    assert found == [SEARCH, ENTRY[:NAMED], ENTRY[:NAMED], DONE, SEARCH]
    assert not stream.inside


def test_stream_forgets():
    stream = Stream()
    assert stream.feed(SEARCH[:9]) == []
    assert stream.inside
    stream.reset()
    assert stream.feed(DONE) == [DONE]
    assert stream.feed(b"junk junk junk") == []
    assert stream.feed(DONE) == [DONE]


def test_content_needs_a_head():
    with pytest.raises(Malformed):
        ldap_frame.content(b"\x30", 0, 1)


def test_stream_of_a_great_message_in_small_buffers():
    message = der.ldap(1, der.tlv(0x68, der.octets("CN=a"), der.octets(b"x" * 900_000)))
    stream = Stream()
    begin = time.perf_counter()
    found = [m for o in range(0, len(message), 20) for m in stream.feed(message[o : o + 20])]
    assert found == [message]
    assert time.perf_counter() - begin < 1.0
