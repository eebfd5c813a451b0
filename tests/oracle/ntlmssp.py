"""NTLMSSP messages written by hand; shares no code with the sensor."""

from __future__ import annotations

import struct

UNICODE, SIGN, ESS, VERSION = 1, 0x10, 0x80000, 0x02000000
V10 = bytes([10, 0]) + (19041).to_bytes(2, "little") + bytes([0, 0, 0, 15])


def negotiate(flags=UNICODE | SIGN, version=b""):
    return (
        b"NTLMSSP\0"
        + struct.pack("<II", 1, flags | (VERSION if version else 0))
        + bytes(16)
        + version
    )


def challenge(flags=UNICODE | SIGN):
    return b"NTLMSSP\0" + struct.pack("<IHHII", 2, 0, 0, 56, flags) + b"8 bytes!" + bytes(24)


def av(kind, value=b""):
    return struct.pack("<HH", kind, len(value)) + value


def v2(*pairs):
    """An NTLMv2 response with these AV pairs."""
    return bytes(16) + b"\1\1" + bytes(26) + b"".join(pairs) + av(0) + bytes(4)


def authenticate(
    user="alice",
    domain="CORP",
    workstation="WS9",
    *,
    flags=UNICODE | SIGN,
    lm=bytes(24),
    nt=bytes(24),
    mic=None,
    version=b"",
):
    """`mic` None: no room for one, so that version and MIC are absent unless `version` is given."""
    encoding = "utf-16-le" if flags & UNICODE else "latin-1"
    head = 64 + len(version or (bytes(8) if mic is not None else b"")) + len(mic or b"")
    texts = [part.encode(encoding) for part in (domain, user, workstation)]
    fields, at, payload = b"", head, b""
    for part in (lm, nt, *texts, b""):
        fields += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
        payload += part
    flags |= VERSION if version else 0
    middle = (version or (bytes(8) if mic is not None else b"")) + (mic or b"")
    return (
        b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", flags) + middle + payload
    )
