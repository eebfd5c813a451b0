"""MS-EVEN: the log or the backup file a call names; a UNC path makes the server log on there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "eventlog"

_OPEN_LOG: Final = 7
_OPEN_BACKUP: Final = 9
_WITH_HANDLE: Final = frozenset({0, 1})
"""(handle, BackupFileName): ElfrClearELFW, ElfrBackupELFW"""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    stub = call.request()
    if call.opnum in _WITH_HANDLE:
        stub.handle()
        name = None
        if call.opnum == 1 or stub.pointer():
            name = stub.text() if stub.counted() else None
        return [call.rpc_call(unc=name)]
    if call.opnum in {_OPEN_LOG, _OPEN_BACKUP}:
        if stub.pointer():  # UNCServerName, a wchar_t that nobody reads
            stub.u16()
        name = stub.text() if stub.counted() else None
        if call.opnum == _OPEN_LOG:
            return [call.rpc_call(name)]
        return [call.rpc_call(unc=name)]
    return [call.rpc_call()]
