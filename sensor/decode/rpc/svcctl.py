"""MS-SCMR: services created or repointed as `service_install`, beside the `rpc_call`.

Service handles are followed, so that calls on an opened service name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from dsl.schema.windows import ServiceInstall

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "svcctl"

_CLOSE: Final = 0
_CHANGE: Final[dict[int, bool]] = {11: True, 23: False}
_CREATE: Final[dict[int, bool]] = {12: True, 24: False, 44: False, 45: True, 60: True}
_OPEN: Final[dict[int, bool]] = {16: True, 28: False}
"""opnum -> are its strings wide"""
_NO_HANDLE: Final = frozenset({9, 15, 27, 64})
"""RNotifyBootConfigStatus, ROpenSCManagerW, ROpenSCManagerA, ROpenSCManager2"""
_NO_CHANGE: Final = 0xFFFFFFFF


def events(call: Call) -> list[Event]:
    if not call.clear or call.opnum in _NO_HANDLE:
        return [call.rpc_call()]
    if call.opnum in _CREATE:
        return _created(call, wide=_CREATE[call.opnum])
    stub = call.request()
    handle = stub.handle()
    if call.opnum in _OPEN:
        name = stub.text() if _OPEN[call.opnum] else stub.ansi()
        _remember(call, name)
        return [call.rpc_call(name)]
    service = call.handles.get(handle)
    if call.opnum == _CLOSE:
        call.handles.close(handle)
    if call.opnum in _CHANGE:
        return _changed(call, stub, service, wide=_CHANGE[call.opnum])
    return [call.rpc_call(service)]


def _created(call: Call, *, wide: bool) -> list[Event]:
    stub = call.request()
    stub.handle()
    name = _text(stub, wide=wide)
    _unique(stub, wide=wide)  # lpDisplayName
    stub.u32()  # dwDesiredAccess
    stub.u32()  # dwServiceType
    start = stub.u32()
    stub.u32()  # dwErrorControl
    image = _text(stub, wide=wide)
    run_as = None if stub.cut else _start_name(stub, wide=wide)
    if call.answered and call.outcome == "success":
        call.handles.open(_created_handle(call), name)
    return [call.rpc_call(name), _install(call, name, image, start, run_as)]


def _created_handle(call: Call) -> bytes:
    # the answer begins with lpdwTagId, a unique pointer
    stub = call.response()
    if stub.pointer():
        stub.u32()
    return stub.handle()


def _changed(call: Call, stub: Ndr, service: str | None, *, wide: bool) -> list[Event]:
    stub.u32()  # dwServiceType
    start = stub.u32()
    stub.u32()  # dwErrorControl
    image = _unique(stub, wide=wide)
    run_as = None if stub.cut else _start_name(stub, wide=wide)
    plain = call.rpc_call(service)
    if not image:
        return [plain]
    return [plain, _install(call, service, image, start, run_as)]


def _start_name(stub: Ndr, *, wide: bool) -> str | None:
    """lpServiceStartName; behind lpLoadOrderGroup, lpdwTagId and lpDependencies."""
    _unique(stub, wide=wide)
    if stub.pointer():
        stub.u32()
    if stub.pointer():
        stub.skip(stub.size())
    stub.u32()  # dwDependSize
    return _unique(stub, wide=wide)


def _install(
    call: Call, name: str | None, image: str, start: int, run_as: str | None
) -> ServiceInstall:
    event = ServiceInstall(
        **call.common(),
        name=name,
        image_path=image,
        start_type=None if start == _NO_CHANGE else enums.START_TYPE.get(start),
        run_as=run_as,
        remote=True,
    )
    call.finish(event)
    return event


def _remember(call: Call, name: str) -> None:
    if call.answered and call.outcome == "success":
        call.handles.open(call.response().handle(), name)


def _text(stub: Ndr, *, wide: bool) -> str:
    return stub.text() if wide else stub.ansi()


def _unique(stub: Ndr, *, wide: bool) -> str | None:
    return stub.unique_text() if wide else stub.unique_ansi()
