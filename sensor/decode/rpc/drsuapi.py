"""MS-DRSR: calls that give, take or configure replication as `replication`.

A domain controller seals them (privacy is required), so mostly the method is all there is; where a
stub is clear, DRSGetNCChanges tells the naming context and the extended operation. Looking up
names and sites stays `rpc_call`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from dsl.schema.rpc import Replication

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "drsuapi"

_GET_CHANGES: Final = 3
_DIRECTIONS: Final[dict[int, str | None]] = {
    2: "inbound",  # DRSReplicaSync: the server is told to pull
    _GET_CHANGES: "outbound",
    4: "outbound",  # DRSUpdateRefs: whom the server notifies
    5: "inbound",  # DRSReplicaAdd: a new source for the server
    6: "inbound",  # DRSReplicaDel
    7: "inbound",  # DRSReplicaModify
    17: None,  # DRSAddEntry
    22: "inbound",  # DRSReplicaVerifyObjects
    23: "outbound",  # DRSGetObjectExistence
}
_REQUEST_VERSIONS: Final = frozenset({5, 8, 10, 11})
"""DRS_MSG_GETCHGREQ versions that begin alike (MS-DRSR 4.1.10.2.3 ff.)."""
_NAME_LIMIT: Final = 1_024


def events(call: Call) -> list[Event]:
    if call.opnum not in _DIRECTIONS:
        return [call.rpc_call()]
    naming_context: str | None = None
    exop: str | None = None
    if call.clear and call.opnum == _GET_CHANGES:
        naming_context, exop = _changes_asked(call.request())
    replication = Replication(
        **call.common(),
        method=call.method,
        direction=_DIRECTIONS[call.opnum],
        partner=f"ip:{call.flow.client}",
        naming_context=naming_context,
        exop=exop,
        status=call.status,
    )
    return [call.finish(replication)]


def _changes_asked(stub: Ndr) -> tuple[str | None, str | None]:
    """Naming context and extended operation of DRS_MSG_GETCHGREQ_V5/V8/V10/V11."""
    stub.handle()
    version = stub.u32()
    if version not in _REQUEST_VERSIONS or stub.u32() != version:
        return None, None
    stub.align(8)
    stub.skip(32)  # uuidDsaObjDest, uuidInvocIdSrc
    has_name = stub.pointer()
    stub.align(8)
    stub.skip(24)  # usnvecFrom
    stub.pointer()  # pUpToDateVecDest
    stub.skip(12)  # ulFlags, cMaxObjects, cMaxBytes
    operation = stub.u32()
    exop = enums.EXOP.get(operation, f"exop_{operation}")
    stub.align(8)
    stub.skip(8)  # liFsmoInfo
    if version >= 8:
        stub.pointer()  # pPartialAttrSet
        stub.pointer()  # pPartialAttrSetEx
        stub.u32()
        stub.pointer()  # PrefixTableDest
    if version >= 10:
        stub.u32()  # ulMoreFlags
    if version >= 11:
        stub.align(4)
        stub.skip(16)  # correlationID
        stub.pointer()  # pReservedBuffer
    if not has_name:
        return None, exop
    return _dsname(stub), exop


def _dsname(stub: Ndr) -> str | None:
    """StringName of a DSNAME (MS-DRSR 5.50)."""
    count = stub.size()
    stub.u32()  # structLen
    stub.u32()  # SidLen
    stub.skip(44)  # Guid, Sid
    length = stub.u32()
    if length > min(count, _NAME_LIMIT):
        return None
    return stub.raw(2 * length).decode("utf-16-le", "replace") or None
