"""The name in an NTLM challenge over DCE/RPC, TCP 135 (MS-RPCE §2.2.2.11, MS-NLMP §2.2.1.2).

A bind to the endpoint mapper with an NTLM NEGOTIATE is answered with a CHALLENGE that names the
computer; the connection is closed then, nobody has logged on. Windows and Samba answer.
"""

from __future__ import annotations

import asyncio
import uuid
from struct import Struct, pack, unpack_from
from typing import Final

from sensor.contract import Malformed
from sensor.decode import ntlm

METHOD: Final = "probe_ntlm"
PRIMARY: Final = True
PORT: Final = 135

_HEAD: Final = Struct("<BBBBIHHI")
_BIND: Final = 11
_BIND_ACK: Final = 12
_WHOLE: Final = 3
_LITTLE_ENDIAN: Final = 0x10
_NTLM: Final = 10
_CONNECT: Final = 2
_LARGEST: Final = 5840
_MAPPER: Final = uuid.UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
_NDR: Final = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
_FLAGS: Final = 0xA008_8207
"""Unicode, OEM, request target, NTLM, always sign, session security, 128 and 56 bits."""


def question() -> bytes:
    """The bind."""
    token = ntlm.SIGNATURE + pack("<II8x8x", ntlm.NEGOTIATE, _FLAGS)
    syntaxes = _MAPPER.bytes_le + pack("<HH", 3, 0) + _NDR.bytes_le + pack("<HH", 2, 0)
    body = pack("<HHIB3xHBx", _LARGEST, _LARGEST, 0, 1, 0, 1) + syntaxes
    trailer = pack("<BBBBI", _NTLM, _CONNECT, 0, 0, 0)
    size = _HEAD.size + len(body) + len(trailer) + len(token)
    head = _HEAD.pack(5, 0, _BIND, _WHOLE, _LITTLE_ENDIAN, size, len(token), 1)
    return head + body + trailer + token


def computer(answer: bytes) -> str | None:
    """The computer that a bind_ack's challenge names, by DNS or else by NetBIOS."""
    kind, length = answer[2], unpack_from("<H", answer, 10)[0]
    start = len(answer) - length
    if kind != _BIND_ACK or length == 0 or start < _HEAD.size:
        raise Malformed(f"PDU of type {kind} with {length} bytes of authentication")
    return ntlm.challenge_computer(answer, start, len(answer))


async def ask(address: str, port: int = PORT) -> str | None:
    """See `Ask`."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(question())
        head = await reader.readexactly(_HEAD.size)
        size = unpack_from("<H", head, 8)[0]
        if head[0] != 5 or not _HEAD.size <= size <= _LARGEST:
            raise Malformed("no DCE/RPC")
        return computer(head + await reader.readexactly(size - _HEAD.size))
    finally:
        writer.transport.abort()
