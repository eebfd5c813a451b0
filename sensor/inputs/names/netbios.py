"""The names a host has registered, by NetBIOS node status, UDP 137 (RFC 1002 §4.2.17)."""

from __future__ import annotations

from secrets import token_bytes
from typing import Final

from sensor.contract import Malformed
from sensor.decode import nbns
from sensor.inputs.names.datagram import exchange

METHOD: Final = "probe_netbios"
PRIMARY: Final = True
PORT: Final = 137

_ANY: Final = b"\x20CK" + b"A" * 30 + b"\0"
"""The name `*` (RFC 1002 §4.2.17), encoded."""
_NODE_STATUS: Final = b"\0\x21\0\x01"


async def ask(address: str, port: int = PORT) -> str | None:
    """See `Ask`."""
    number = token_bytes(2)
    request = number + b"\0\0\0\x01\0\0\0\0\0\0" + _ANY + _NODE_STATUS
    answer = await exchange(address, port, request)
    if answer[:2] != number:
        raise Malformed("an answer to another question")
    return nbns.node_name(answer, 0, len(answer))
