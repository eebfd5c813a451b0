"""DNS messages written by hand; shares no code with the sensor."""

from __future__ import annotations

import struct


def name(dotted: str) -> bytes:
    labels = [label.encode() for label in dotted.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(dotted: str | bytes, kind: int = 1) -> bytes:
    return (name(dotted) if isinstance(dotted, str) else dotted) + struct.pack(">HH", kind, 1)


def record(
    owner: str | bytes = b"\xc0\x0c", kind: int = 1, data: bytes = bytes(4), size: int | None = None
) -> bytes:
    head = name(owner) if isinstance(owner, str) else owner
    return head + struct.pack(">HHIH", kind, 1, 60, len(data) if size is None else size) + data


def message(number, *parts, flags=0, questions=1, counts=(0, 0, 0)):
    return struct.pack(">HHHHHH", number, flags, questions, *counts) + b"".join(parts)


def query(number, dotted, kind=1):
    return message(number, question(dotted, kind), flags=0x0100)


def reply(number, dotted, kind=1, *answers, rcode=0):
    return message(
        number, question(dotted, kind), *answers, flags=0x8180 | rcode, counts=(len(answers), 0, 0)
    )


def tcp(raw: bytes) -> bytes:
    return len(raw).to_bytes(2, "big") + raw
