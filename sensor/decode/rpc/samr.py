"""MS-SAMR: reads of accounts, groups and aliases as `samr_query`; the rest stays `rpc_call`, and
what it changed is told beside it (`sensor.decode.rpc_samr_changes`).

Handles are followed, so that a query on an opened user, group or alias names its SID.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import SamrQuery
from sensor.decode.rpc_samr_changes import CHANGES, changes

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "samr"

_OPEN_DOMAIN: Final = 7
_CLOSE: Final = 1
_LOOKUP_NAMES: Final = 17
_OPENS: Final = frozenset({19, 27, 34})
"""SamrOpenGroup, SamrOpenAlias, SamrOpenUser: (domain handle, access, RID) -> handle."""
LISTS: Final = frozenset({11, 13, 15, 16, 25, 33, 39, 40, 48, 51})
"""Methods that list principals the caller did not name: display information, enumerations,
members of a group or alias, groups and aliases of an account."""
_COUNTED: Final = frozenset({6, 11, 13, 15})
"""Methods whose answer ends in the number of entries and the status (MS-SAMR 3.1.5.2)."""
READS: Final = (
    LISTS
    | _OPENS
    | frozenset(
        {3, 5, 6, _OPEN_DOMAIN, 8, _LOOKUP_NAMES, 18, 20, 28, 36, 41, 44, 46, 47, 49, 56, 65}
    )
)


def events(call: Call) -> list[Event]:
    if call.opnum == _CLOSE and call.clear:
        call.handles.close(call.request().handle())
    if call.opnum in CHANGES:
        return [call.rpc_call(), *changes(call)]
    if call.opnum not in READS:
        return [call.rpc_call()]
    name: str | None = None
    sid: str | None = None
    if call.clear:
        sid = _object_sid(call)
        if call.opnum == _LOOKUP_NAMES:
            name = _looked_up(call)
    count: int | None = None
    if call.answered and call.outcome == "success" and call.opnum in _COUNTED:
        count = int.from_bytes(call.tail[-8:-4], "big" if call.big else "little")
    query = SamrQuery(
        **call.common(),
        method=call.method,
        enumerates=call.opnum in LISTS,
        object=name,
        object_sid=sid,
        returned_count=count,
    )
    return [call.finish(query)]


def _object_sid(call: Call) -> str | None:
    """SID of what the call opens or asks about; remembers the handle it returns."""
    stub = call.request()
    if call.opnum in {5, 56}:  # SamrLookupDomainInSamServer, GetDomainPasswordInformation
        return None
    handle = stub.handle()
    sid = call.handles.get(handle)
    if call.opnum == _OPEN_DOMAIN:
        stub.u32()
        sid = stub.sid()
    elif call.opnum in _OPENS:
        stub.u32()
        rid = stub.u32()
        if sid is None:
            return None
        sid = f"{sid}-{rid}"
    else:
        return sid
    if call.answered and call.outcome == "success":
        call.handles.open(call.response().handle(), sid)
    return sid


def _looked_up(call: Call) -> str | None:
    """The name asked for, if it is one name."""
    stub = call.request()
    stub.handle()
    if stub.u32() != 1:
        return None
    stub.size()  # maximum count, always 1000
    stub.size()
    stub.size()
    return stub.text() if stub.counted() else None
