"""MS-LSAD: the secret a call names (`G$BCKUPKEY_…` holds the domain's DPAPI backup key)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "lsarpc"

_NAMES_SECRET: Final = frozenset({16, 28, 42, 43})
"""(handle, RPC_UNICODE_STRING, …): LsarCreateSecret, OpenSecret, Store-, RetrievePrivateData"""
_OPENS: Final = frozenset({16, 28})
_ON_SECRET: Final = frozenset({29, 30})
"""LsarSetSecret, LsarQuerySecret: the secret is behind the handle"""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    if call.opnum in _ON_SECRET:
        return [call.rpc_call(call.handles.get(call.request().handle()))]
    if call.opnum not in _NAMES_SECRET:
        return [call.rpc_call()]
    stub = call.request()
    stub.handle()
    name = stub.text() if stub.counted() else None
    if name and call.opnum in _OPENS and call.answered and call.outcome == "success":
        call.handles.open(call.response().handle(), name)
    return [call.rpc_call(name)]
