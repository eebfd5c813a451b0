"""The name that DNS has for an address: a PTR record (RFC 1035 §3.5), asked of the system's servers.

What DNS says may be old, so it is asked only where hosts say nothing or contradict themselves.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from secrets import token_bytes
from struct import unpack_from
from typing import Final

from sensor.contract import Malformed
from sensor.inputs.names.datagram import exchange

METHOD: Final = "probe_dns"
PRIMARY: Final = False
PORT: Final = 53

RESOLVERS: Final = Path("/etc/resolv.conf")
_PTR: Final = b"\0\x0c\0\x01"
_ANSWER: Final = 0x8000
_POINTER: Final = 0xC0
_LABELS: Final = 128


def servers(text: str) -> list[str]:
    """The name servers in the text of a resolv.conf, in order."""
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


async def ask(address: str, port: int = PORT) -> str | None:
    """See `Ask`; `port` is the server's. Without a server OSError."""
    found = servers(RESOLVERS.read_text(encoding="utf-8", errors="replace"))
    if not found:
        raise OSError(f"no name server in {RESOLVERS}")
    number = token_bytes(2)
    labels = ip_address(address).reverse_pointer.encode().split(b".")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    request = number + b"\x01\0\0\x01\0\0\0\0\0\0" + name + _PTR
    return pointer(await exchange(found[0], port, request), request)


def pointer(answer: bytes, request: bytes) -> str | None:
    """The name in the first PTR record of an answer to this request; None where there is none."""
    flags, questions, records = unpack_from(">HHH", answer, 2)
    if answer[:2] != request[:2] or not flags & _ANSWER or questions != 1:
        raise Malformed("an answer to another question")
    if answer[12 : len(request)].lower() != request[12:].lower():
        raise Malformed("an answer to another name")
    o = len(request)
    for _ in range(min(records, _LABELS)):
        o = _labels(answer, o)[1]
        kind, size = unpack_from(">H", answer, o)[0], unpack_from(">H", answer, o + 8)[0]
        if kind == 12:
            name = _labels(answer, o + 10)[0]
            return name or None
        o += 10 + size
    return None


def _labels(b: bytes, o: int) -> tuple[str, int]:
    """The name at `o` and the offset behind it (RFC 1035 §4.1.4); pointers lead back only."""
    parts: list[str] = []
    after = 0
    for _ in range(_LABELS):
        size = b[o]
        if size >= _POINTER:
            target = (size & 0x3F) << 8 | b[o + 1]
            after = after or o + 2
            if target >= o:
                raise Malformed("a pointer that leads on")
            o = target
        elif size == 0:
            return ".".join(parts), after or o + 1
        else:
            parts.append(b[o + 1 : o + 1 + size].decode("ascii", "replace"))
            o += 1 + size
    raise Malformed("a name without end")
