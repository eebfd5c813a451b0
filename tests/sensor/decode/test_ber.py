from __future__ import annotations

import der
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.contract import Malformed
from sensor.decode import ber


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        ("0403616263", b"abc"),
        ("048103616263", b"abc"),
        ("048400000003616263", b"abc"),
        ("0400", b""),
    ],
)
def test_header_in_every_form(raw, content):
    b = bytes.fromhex(raw)
    start, stop = ber.header(b, 0, len(b))
    assert b[start:stop] == content
    assert ber.size(b, 0, len(b)) == len(b)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("04", "cut"),
        ("0405616263", "ends"),
        ("0480", "length of 0"),
        ("048500000000016161", "length of 5"),
        ("1f8101", "multi-byte"),
        ("04820100", "ends"),
    ],
)
def test_header_refuses(raw, why):
    b = bytes.fromhex(raw)
    with pytest.raises(Malformed, match=why):
        ber.header(b, 0, len(b))


def test_header_does_not_pass_the_end_it_is_given():
    b = b"\x04\x03abcdef"
    with pytest.raises(Malformed):
        ber.header(b, 0, 4)


def test_expect_names_both_tags():
    with pytest.raises(Malformed, match="0x4 instead of 0x2"):
        ber.expect(b"\x04\x00", 0, 2, ber.INTEGER)


@pytest.mark.parametrize(
    ("raw", "total"), [("30", 0), ("3084", 0), ("308400000100", 262), ("3080", -1), ("1f01", -1)]
)
def test_size_of_what_is_not_complete(raw, total):
    b = bytes.fromhex(raw)
    assert ber.size(b, 0, len(b)) == total


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers(n):
    b = der.integer(n)
    assert ber.read_integer(b, 0, len(b)) == (n, len(b))


@pytest.mark.parametrize("raw", ["0200", "0209000000000000000001"])
def test_integers_of_no_or_nine_bytes(raw):
    b = bytes.fromhex(raw)
    with pytest.raises(Malformed, match="integer of"):
        ber.read_integer(b, 0, len(b))


@pytest.mark.parametrize(
    "dotted",
    ["1.3.6.1.5.5.2", "2.5.4.3", "1.2.840.113554.1.2.2", "2.999.3", "0.9.2342.19200300.100.1.25"],
)
def test_object_identifiers(dotted):
    b = der.oid(dotted)
    start, stop = ber.header(b, 0, len(b))
    assert ber.oid(b, start, stop) == dotted


@pytest.mark.parametrize(
    ("raw", "numbers"),
    [("0040810010", [1, 8, 15, 27]), ("0080", [0]), ("0000000001", [31]), ("00000000008080", [])],
)
def test_bits_from_the_left(raw, numbers):
    b = bytes.fromhex(raw)
    assert ber.bits(b, 0, len(b)) == numbers


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("19700101000000Z", 0),
        ("20370913024805Z", 2_136_422_885_000_000),
        ("20261122110347Z", 1_795_345_427_000_000),
        ("19691231235959Z", -1_000_000),
        ("20260230000000Z", None),
        ("20261122110347", None),
        ("2026112211034 Z", None),
        ("", None),
    ],
)
def test_times(text, us):
    b = text.encode()
    assert ber.time(b, 0, len(b)) == us


def test_text_keeps_what_is_not_utf8_visible():
    assert ber.text(b"a\xff\xc3\xa9", 0, 4) == "a\\xffé"
