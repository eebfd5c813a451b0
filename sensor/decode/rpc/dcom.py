"""MS-DCOM activation: the class that a call starts on the server, as `object`.

`RemoteActivation` names it at once; `RemoteCreateInstance` and `RemoteGetClassObject` in the
activation properties, a structure inside an object reference inside a pointer (MS-DCOM 2.2.22).
Classes that run commands for whoever holds them are given by name, others by CLSID.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed
from sensor.decode.rpc_orpc import interface_pointer, skip_this

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "dcom_activation"

_NAMES: Final[dict[str, str]] = {
    "8bc3f05e-d86b-11d0-a075-00c04fb68820": "WbemLevel1Login",
    "49b2791a-b1ae-4c90-9b8e-e860ba07f889": "MMC20.Application",
    "9ba05972-f6a8-11cf-a442-00a0c90a8f39": "ShellWindows",
    "c08afd90-f2a1-11d1-8455-00a0c91f3880": "ShellBrowserWindow",
    "00024500-0000-0000-c000-000000000046": "Excel.Application",
    "0006f03a-0000-0000-c000-000000000046": "Outlook.Application",
    "000209ff-0000-0000-c000-000000000046": "Word.Application",
}
_ACTIVATION: Final = "RemoteActivation"
_CREATE: Final = "RemoteCreateInstance"
_GET_CLASS: Final = "RemoteGetClassObject"
_INSTANTIATION: Final = uuid.UUID("000001ab-0000-0000-c000-000000000046").bytes_le
_CUSTOM: Final = 4
_OBJECT_REFERENCE: Final = 48
"""signature, flags, IID, CLSID, extension size, reserved of an OBJREF_CUSTOM (MS-DCOM 2.2.18.6)"""
_SIZES: Final = 8
_SERIALIZED: Final = 16
"""headers before each structure of the blob (MS-RPCE 2.2.6)"""
_PROPERTIES: Final = 16


def events(call: Call) -> list[Event]:
    if not call.clear or call.method is None:
        return [call.rpc_call()]
    stub = call.request()
    skip_this(stub)
    if call.method == _ACTIVATION:
        return [call.rpc_call(_named(stub.guid()))]
    if call.method == _CREATE and stub.pointer():  # pUnkOuter, for aggregation: not used remotely
        interface_pointer(stub)
    if call.method in (_CREATE, _GET_CLASS) and stub.pointer():
        return [call.rpc_call(_named(_activated(interface_pointer(stub))))]
    return [call.rpc_call()]


def _named(clsid: str | None) -> str | None:
    return _NAMES.get(clsid, clsid) if clsid is not None else None


def _activated(b: bytes) -> str | None:
    """CLSID of InstantiationInfoData in the activation properties; these are little-endian."""
    if b[:4] != b"MEOW" or _u32(b, 4) != _CUSTOM:
        return None
    header = _OBJECT_REFERENCE + _SIZES
    o = header + _SERIALIZED + 4  # behind totalSize
    properties = header + _u32(b, o)
    count = _u32(b, o + 12)
    if not 0 < count <= _PROPERTIES:
        return None
    classes = o + 16 + 16 + 12 + 4  # behind cIfs, classInfoClsid, three pointers, the array's size
    sizes = classes + 16 * count + 4
    for i in range(count):
        at = classes + 16 * i
        if b[at : at + 16] == _INSTANTIATION:
            clsid = b[properties + _SERIALIZED : properties + _SERIALIZED + 16]
            return str(uuid.UUID(bytes_le=clsid)) if len(clsid) == 16 else None
        properties += _u32(b, sizes + 4 * i)
    return None


def _u32(b: bytes, o: int) -> int:
    if o + 4 > len(b):
        raise Malformed(f"activation properties end before {o}")
    return int.from_bytes(b[o : o + 4], "little")
