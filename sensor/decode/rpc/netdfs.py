"""MS-DFSNM: the server and share a call names; adding or removing a root makes the called server
log on there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode.rpc_call import raw_host

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "netdfs"

_ROOTS: Final = frozenset({12, 13, 15})
"""(ServerName, RootShare, …): NetrDfsAddStdRoot, RemoveStdRoot, AddStdRootForced"""
_DOMAIN_ROOTS: Final = frozenset({10, 11})
"""(ServerName, DcName, RootShare, …): NetrDfsAddFtRoot, RemoveFtRoot"""
_ENTRIES: Final = frozenset({1, 2, 3, 4, 19, 20})
"""(DfsEntryPath, …)"""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    stub = call.request()
    if call.opnum in _ENTRIES:
        return [call.rpc_call(unc=stub.text())]
    if call.opnum not in _ROOTS and call.opnum not in _DOMAIN_ROOTS:
        return [call.rpc_call()]
    server = stub.text().lstrip("\\")
    if call.opnum in _DOMAIN_ROOTS:
        stub.text()
    share = stub.text()
    host = raw_host(server) if server else None
    return [call.rpc_call(unc=f"\\\\{server}\\{share}", host=host)]
