"""MS-FSRVP: the share a call names; a foreign one makes the server log on there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "fsrvp"

_SHARE_FIRST: Final = frozenset({8, 9})
"""IsPathSupported, IsPathShadowCopied"""


def events(call: Call) -> list[Event]:
    if not call.clear or call.opnum not in _SHARE_FIRST:
        return [call.rpc_call()]
    return [call.rpc_call(unc=call.request().text())]
