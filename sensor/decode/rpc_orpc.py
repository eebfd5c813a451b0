"""What every call of DCOM begins with, and the forms its arguments take (MS-DCOM 2.2.13, 2.2.14,
MS-OAUT 2.2.23). Knows no interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed

if TYPE_CHECKING:
    from sensor.decode.ndr import Ndr

_EXTENTS: Final = 16
_POINTER_LIMIT: Final = 8_192


def skip_this(stub: Ndr) -> None:
    """ORPCTHIS with its extensions."""
    stub.align_structure()
    stub.skip(12)  # version, flags, reserved1
    stub.skip(16)  # cid
    if not stub.pointer():
        return
    stub.u32()  # size
    stub.u32()  # reserved
    if not stub.pointer():
        return
    count = stub.size()
    if count > _EXTENTS:
        raise Malformed(f"{count} extensions of a call")
    present = sum([stub.pointer() for _ in range(count)])
    for _ in range(present):
        room = stub.size()
        stub.guid()
        stub.u32()
        stub.skip(room)


def interface_pointer(stub: Ndr) -> bytes:
    """An MInterfacePointer behind its pointer: the object reference."""
    count = stub.size()
    stub.u32()  # ulCntData
    return stub.bytes_of(count, _POINTER_LIMIT)


def bstr(stub: Ndr) -> str | None:
    """A BSTR argument: a pointer to a FLAGGED_WORD_BLOB."""
    if not stub.pointer():
        return None
    count = stub.size()
    stub.u32()  # cBytes
    stub.u32()  # clSize
    return stub.characters(count)
