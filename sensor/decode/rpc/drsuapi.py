"""MS-DRSR: calls that give, take or configure replication as `replication`.

A domain controller seals them (privacy is required), so mostly the method is all there is; where a
stub is clear (integrity alone), it tells the naming context, the extended operation and the machine
that is to give or take. Looking up
names and sites stays `rpc_call`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from dsl.schema.rpc import Replication
from sensor.decode.rpc_call import raw_host

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "drsuapi"

_GET_CHANGES: Final = 3
DIRECTIONS: Final[dict[int, str | None]] = {
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
_ADD_ENTRY: Final = 17
_SHAPES: Final[dict[tuple[int, int], str]] = {
    (2, 1): "ngs",
    (4, 1): "nsg",
    (5, 1): "ns",
    (5, 2): "nnns",
    (6, 1): "ns",
    (7, 1): "ngs",
}
"""(opnum, version) -> pointers of the request: n DSNAME, s text, g a GUID in place"""
_SHAPE_TAILS: Final[dict[int, int]] = {5: 88, 7: 96}
"""Bytes behind them, else ulOptions alone: REPLTIMES and options or fields."""
_REQUEST_VERSIONS: Final = frozenset({5, 8, 10, 11})
"""DRS_MSG_GETCHGREQ versions that begin alike (MS-DRSR 4.1.10.2.3 ff.)."""
_NAME_LIMIT: Final = 1_024


def events(call: Call) -> list[Event]:
    if call.opnum not in DIRECTIONS:
        return [call.rpc_call()]
    naming_context: str | None = None
    exop: str | None = None
    other: str | None = None
    if call.clear:
        if call.opnum == _GET_CHANGES:
            naming_context, exop = _changes_asked(call.request())
        elif call.opnum == _ADD_ENTRY:
            naming_context = _added(call.request())
        else:
            naming_context, other = _configured(call.request(), call.opnum)
    replication = Replication(
        **call.common(),
        method=call.method,
        direction=DIRECTIONS[call.opnum],
        partner=other or f"ip:{call.flow.client}",
        naming_context=naming_context,
        exop=exop,
        status=call.status,
    )
    return [call.finish(replication)]


def _configured(stub: Ndr, opnum: int) -> tuple[str | None, str | None]:
    """Naming context and the source or destination that a request names (MS-DRSR 4.1.23.1.2,
    4.1.26.1.2, 4.1.19.1.2-3, 4.1.20.1.2, 4.1.22.1.2), as a raw host.
    """
    shape = _SHAPES.get((opnum, _version(stub)))
    if shape is None:
        return None, None
    stub.align_structure()
    present = []
    for kind in shape:
        if kind == "g":
            stub.guid()
        else:
            present.append((kind, stub.pointer()))
    stub.skip(_SHAPE_TAILS.get(opnum, 4))
    naming_context: str | None = None
    other: str | None = None
    for kind, there in present:
        if not there:
            continue
        if kind == "n":
            name = _dsname(stub)
            naming_context = naming_context or name
        else:
            text = stub.ansi()
            other = raw_host(text) if len(text) > 1 else None
    return naming_context, other


def _version(stub: Ndr) -> int:
    """Version of the message behind the handle: 0 if the union disagrees."""
    stub.handle()
    version = stub.u32()
    return version if stub.tag() == version else 0


def _added(stub: Ndr) -> str | None:
    """The object of DRS_MSG_ADDENTRYREQ: a DSNAME in version 1, the first of a list in 2 and 3."""
    version = _version(stub)
    if version not in (1, 2, 3):
        return None
    stub.align_structure()
    follows = version != 1 and stub.pointer()  # pNextEntInf
    there = stub.pointer()  # pObject, Entinf.pName
    if version != 1:
        stub.u32()  # ulFlags
    stub.align_structure()
    stub.u32()  # attrCount
    stub.pointer()  # pAttr
    if version == 3:
        stub.pointer()  # pClientCreds
    # what follows in the list is laid out before the name of its first member
    return _dsname(stub) if there and not follows else None


def _changes_asked(stub: Ndr) -> tuple[str | None, str | None]:
    """Naming context and extended operation of DRS_MSG_GETCHGREQ_V5/V8/V10/V11."""
    version = _version(stub)
    if version not in _REQUEST_VERSIONS:
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
    return stub.characters(length) or None
