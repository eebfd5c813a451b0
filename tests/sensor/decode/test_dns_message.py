from __future__ import annotations

import time

import pytest
from dnswire import message, question, record
from hypothesis import given
from hypothesis import strategies as st

from sensor.decode.dns_message import read

POINTER_TO_ITSELF = b"\xc0\x0c"
SIG, TXT, UPDATE = 24, 16, 0x2800


def parse(raw):
    return read(b"..." + raw + b"...", 3, 3 + len(raw))


def test_header_and_question():
    found = parse(message(7, question("Ws9._msdcs.CORP.test", 33), flags=0x8583, counts=(0, 0, 0)))
    assert (found.number, found.response, found.opcode, found.rcode) == (7, True, 0, 3)
    assert (found.name, found.qtype, found.anomalies) == ("ws9._msdcs.corp.test", 33, set())


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"\0", "."), (b"\3a.b\1c\0", "a\\046b.c"), (b"\2\xc3\x84\0", "\\195\\132"), (b"\1A\0", "a")],
)
def test_names(raw, text):
    assert parse(message(1, question(raw))).name == text


def test_compressed_names_and_types_of_the_ends():
    found = parse(
        message(
            1,
            question("a.test"),
            record(kind=6),
            record(b"\1b\xc0\x0e"),
            record(kind=6),
            counts=(3, 0, 0),
        )
    )
    assert (found.first_serial, found.last_serial, found.anomalies) == (0, 0, set())


LONG = b"".join(b"\x3f" + b"x" * 63 for _ in range(4)) + b"\0"

ANOMALIES = [
    ("label_overflow", message(1, question(b"\x41abc\0"))),
    ("label_overflow", message(1, b"\x3fabc")),
    ("label_overflow", message(1, b"\xc0")),
    ("name_too_long", message(1, question(LONG))),
    ("compression_loop", message(1, question(POINTER_TO_ITSELF))),
    ("compression_loop", message(1, question(b"\1a\xc0\x0c"))),
    ("compression_loop", message(1, question(b"\xc0\x40"))),
    (
        "rdata_overflow",
        message(1, question("a.test"), record(size=200), flags=0x8000, counts=(1, 0, 0)),
    ),
    (
        "dynamic_update_overflow",
        message(
            1,
            question("a.test"),
            record(kind=TXT, data=b"\xff" + b"x" * 8),
            flags=UPDATE,
            counts=(0, 1, 0),
        ),
    ),
]


@pytest.mark.parametrize(
    ("word", "raw"), ANOMALIES, ids=[f"{w}-{i}" for i, (w, _) in enumerate(ANOMALIES)]
)
def test_anomalies(word, raw):
    assert parse(raw).anomalies == {word}


def test_signature_that_grows_past_its_length():
    """CVE-2020-1350: a SIG record whose signer's name, once expanded, no longer fits 64 kB."""
    signer = b"\x3f" + b"x" * 63 + b"\x3f" + b"y" * 63 + b"\0"
    raw = message(
        1,
        question(signer),
        record(kind=SIG, data=bytes(18) + b"\xc0\x0c" + bytes(65_500)),
        flags=0x8000,
        counts=(1, 0, 0),
    )
    assert parse(raw).anomalies == {"rdata_overflow"}
    small = message(
        1,
        question(signer),
        record(kind=SIG, data=bytes(18) + b"\xc0\x0c" + bytes(64)),
        flags=0x8000,
        counts=(1, 0, 0),
    )
    assert parse(small).anomalies == set()


def test_signatures_that_fill_an_update():
    """CVE-2021-26897: SIG records of an update add up to more than its answer can hold."""
    part = record(kind=SIG, data=bytes(18) + b"\0" + bytes(32_600))
    assert parse(
        message(1, question("a.test"), part, part, flags=UPDATE, counts=(0, 2, 0))
    ).anomalies == {"dynamic_update_overflow"}


def test_valid_text_records_of_an_update():
    raw = message(
        1, question("a.test"), record(kind=TXT, data=b"\3abc\4defg"), flags=UPDATE, counts=(0, 1, 0)
    )
    assert parse(raw).anomalies == set()


@pytest.mark.parametrize(
    "raw",
    [
        message(1, question("a.test"), *[b"\xc0\x0c" * 2] * 16_000, counts=(65_535, 65_535, 65_535)),
        message(1, question("a.test"), *[record(b"\1a" * 100 + b"\xc0\x0c")] * 300, counts=(65_535, 0, 0)),
        message(1, b"".join((0xC000 | 12 + 2 * i).to_bytes(2, "big") for i in range(-1, 8000)), questions=8000),
        message(1, (b"\1a" * 126 + b"\xc0\x0c") * 240, questions=65_535),
        message(1, b"\xc0\x0c\1\1\1\1" * 10_900 + b"\0", questions=10_900),
    ],
)  # fmt: skip
def test_time_is_bounded(raw):
    begin = time.process_time()
    parse(raw[:65_535])
    assert time.process_time() - begin < 0.25


@given(st.binary(min_size=12, max_size=200))
def test_any_bytes(raw):
    parse(raw)


@given(st.data())
def test_damaged_messages(data):
    raw = bytearray(
        message(
            1,
            question("a.test"),
            record(),
            record(kind=TXT, data=b"\3abc"),
            flags=0x8000,
            counts=(2, 0, 0),
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    parse(bytes(raw[: data.draw(st.integers(12, len(raw)))]))
