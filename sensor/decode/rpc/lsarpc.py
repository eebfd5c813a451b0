"""MS-LSAD and MS-LSAT: the secret a call names (`G$BCKUPKEY_…` holds the domain's DPAPI backup key),
the names or SIDs it looks up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "lsarpc"

_NAMES_SECRET: Final = frozenset({16, 28, 42, 43})
"""(handle, RPC_UNICODE_STRING, …): LsarCreateSecret, OpenSecret, Store-, RetrievePrivateData"""
_OPENS: Final = frozenset({16, 28})
_ON_SECRET: Final = frozenset({29, 30})
"""LsarSetSecret, LsarQuerySecret: the secret is behind the handle"""
_LOOK_UP_NAMES: Final[dict[int, bool]] = {14: True, 58: True, 68: True, 77: False}
_LOOK_UP_SIDS: Final[dict[int, bool]] = {15: True, 57: True, 76: False}
"""opnum -> does a policy handle come first"""
_LOOKED_UP: Final = 64
_LIMIT: Final = 1_024


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    opnum = call.opnum
    stub = call.request()
    if opnum in _ON_SECRET:
        return [call.rpc_call(call.handles.get(stub.handle()))]
    if opnum in _NAMES_SECRET:
        stub.handle()
        name = stub.text() if stub.counted() else None
        if name and opnum in _OPENS and call.answered and call.outcome == "success":
            call.handles.open(call.response().handle(), name)
        return [call.rpc_call(name)]
    found: list[str] = []
    if opnum in _LOOK_UP_NAMES:
        found = _names(stub, handle=_LOOK_UP_NAMES[opnum])
    elif opnum in _LOOK_UP_SIDS:
        found = _sids(stub, handle=_LOOK_UP_SIDS[opnum])
    return [call.rpc_call(", ".join(found)[:_LIMIT] or None)]


def _names(stub: Ndr, *, handle: bool) -> list[str]:
    if handle:
        stub.handle()
    stub.u32()  # Count
    count = stub.size()
    present = [stub.counted() for _ in range(min(count, _LOOKED_UP))]
    if count > _LOOKED_UP:
        return []  # the texts follow far behind
    return [stub.text() for there in present if there]


def _sids(stub: Ndr, *, handle: bool) -> list[str]:
    if handle:
        stub.handle()
    stub.align_structure()
    stub.u32()  # Entries
    if not stub.pointer():
        return []
    count = stub.size()
    if count > _LOOKED_UP:
        return []
    present = sum([stub.pointer() for _ in range(count)])
    return [stub.sid() for _ in range(present)]
