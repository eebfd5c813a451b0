"""Event trace logs for tests: buffers with headers, events as ETW lays them out (see sensor.inputs.etl)."""

from __future__ import annotations

import struct
import uuid

EPOCH_FILETIME = 116_444_736_000_000_000
SIZE = 4096
FREQUENCY = 10_000_000
BEGAN = 5_000_000
"""The clock's count when the log began."""
START = 1_740_992_400
"""That moment, in seconds since 1970 (2025-03-03 09:00)."""
RPC = "6ad52b32-d609-4be9-ae07-ce8dae937e39"
LDAP = "099614a5-5dd7-4788-8bc9-e29f43db28fc"
KERBEROS = "98e6cfcb-ee0a-41e0-a57b-622d4e1b30b1"
DRSUAPI = "e3514235-4b06-11d1-ab04-00c04fc2dcd2"


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def rpc_call(interface: str, opnum: int, protocol: int, address: str, endpoint: str) -> bytes:
    """The data of events 5 and 6 of Microsoft-Windows-RPC."""
    head = uuid.UUID(interface).bytes_le + struct.pack("<II", opnum, protocol)
    return head + wide(address) + wide(endpoint) + wide("") + struct.pack("<III", 6, 16, 3)


def search(scope: int, searched: str, base: str, attributes: str) -> bytes:
    """The data of event 30 of Microsoft-Windows-LDAP-Client."""
    texts = wide(searched) + wide(base) + wide(attributes)
    return struct.pack("<I", scope) + texts + struct.pack("<I", 4711)


def kerberos_error(code: int, realm: str, name: str, service: str) -> bytes:
    """The data of event 3 of Microsoft-Windows-Security-Kerberos."""
    texts = ("", "", "", hex(code), "", "", realm, name, realm, service, service, "", "", "")
    return b"".join(map(wide, texts)) + struct.pack("<I", 3) + b"abc"


def sid(*parts: int) -> bytes:
    return struct.pack("<BB6s", 1, len(parts), b"\0\0\0\0\0\5") + struct.pack(
        f"<{len(parts)}I", *parts
    )


def event(
    provider: str,
    number: int,
    version: int,
    data: bytes,
    seconds: float = 0.0,
    user: bytes = b"",
) -> bytes:
    """An EVENT_HEADER with its data, `seconds` after the log began; `user` is a SID."""
    extra = b""
    if user:
        # before it one of another kind, so that the link is followed
        extra = struct.pack("<HHHH", 0, 9, 1, 8) + bytes(8)
        extra += struct.pack("<HHHH", 0, 2, 0, len(user)) + user
        extra += bytes(-len(extra) % 8)
    head = struct.pack(
        "<HBBHHIIq16sHBBBBHQQ16s",
        80 + len(extra) + len(data), 0x13, 0xC0, 0x40 | bool(user), 0, 11, 22,
        BEGAN + int(seconds * FREQUENCY), uuid.UUID(provider).bytes_le,
        number, version, 0, 4, 1, 2, 1 << 63, 0, bytes(16),
    )  # fmt: skip
    body = head + extra + data
    return body + bytes(-len(body) % 8)


def buffer(body: bytes, kind: int = 0, *, flags: int = 0, size: int = SIZE) -> bytes:
    saved = 72 + len(body)
    assert saved <= size
    head = struct.pack("<IIIIqqqHHI", size, saved, saved, 0, 0, 0, 0, 0, 1, 3)
    head += struct.pack("<IHH16s", saved, flags, kind, bytes(16))
    return (head + body).ljust(size, b"\xff")


def header(
    clock: int = 1, *, pointer: int = 8, lost: tuple[int, int] = (0, 0), size: int = SIZE
) -> bytes:
    """The first buffer: SYSTEM_TRACE_HEADER and TRACE_LOGFILE_HEADER."""
    start = START * FREQUENCY + EPOCH_FILETIME
    log = struct.pack("<IIIIqIIIIIIII", size, 0, 0, 1, start, 0, 0, 0, 2, 1, pointer, lost[0], 2000)
    log += bytes(2 * pointer + 172)
    log += bytes(-len(log) % 8)
    log += struct.pack("<qqqII", 0, FREQUENCY, start, clock, lost[1])
    log += wide("session") + wide("C:\\trace.etl")
    head = struct.pack("<HBBHHIIqII", 2, 2, 0xC0, 32 + len(log), 0, 1, 2, BEGAN, 0, 0)
    body = head + log
    return buffer(body + bytes(-len(body) % 8), 4, size=size)


def log(*buffers: list[bytes], clock: int = 1, size: int = SIZE) -> bytes:
    """A file with one buffer for each list of events."""
    return header(clock, size=size) + b"".join(buffer(b"".join(b), size=size) for b in buffers)
