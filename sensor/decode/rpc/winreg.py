"""MS-RRP: the key or value a call opens, reads or changes, the file it saves a key to; handles are
followed to the key's full name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "winreg"

_HIVES: Final[dict[int, str]] = {
    0: "HKCR",
    1: "HKCU",
    2: "HKLM",
    3: "HKPD",
    4: "HKU",
    27: "HKCC",
    32: "HKPT",
    33: "HKPN",
}
_CLOSE: Final = 5
_CREATE: Final = 6
_OPEN: Final = 15
_SUBKEY: Final = frozenset({_CREATE, 7, _OPEN, 35})
"""(handle, RRP_UNICODE_STRING name of a key below it, …)"""
_VALUE: Final = frozenset({8, 17, 22})
"""(handle, RRP_UNICODE_STRING name of a value, …): BaseRegDeleteValue, QueryValue, SetValue"""
_FILE: Final = frozenset({19, 20, 31})
"""(handle, RRP_UNICODE_STRING name of a file, …): BaseRegRestoreKey, SaveKey, SaveKeyEx"""
_OPENS: Final = frozenset({_CREATE, _OPEN})
_LIMIT: Final = 1_024


def events(call: Call) -> list[Event]:
    hive = _HIVES.get(call.opnum)
    if hive is not None:
        if call.answered and call.outcome == "success":
            call.handles.open(call.response().handle(), hive)
        return [call.rpc_call(hive)]
    if not call.clear:
        return [call.rpc_call()]
    stub = call.request()
    handle = stub.handle()
    key = call.handles.get(handle)
    if call.opnum == _CLOSE:
        call.handles.close(handle)
    elif call.opnum in _SUBKEY:
        below = stub.text() if stub.counted() else ""
        key = f"{key}\\{below}" if key and below else below or key
        opened = call.opnum in _OPENS and call.answered and call.outcome == "success"
        if opened and key is not None:
            call.handles.open(call.response().handle(), key[:_LIMIT])
    elif call.opnum in _VALUE:
        value = stub.text() if stub.counted() else ""
        key = f"{key or ''}\\{value}"[:_LIMIT] if value else key
    elif call.opnum in _FILE:
        return [call.rpc_call(key, stub.text() if stub.counted() else None)]
    return [call.rpc_call(key)]
