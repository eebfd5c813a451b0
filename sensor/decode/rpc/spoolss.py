"""MS-RPRN and MS-PAR: drivers to install and machines to report to, as UNC paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode.rpc_call import raw_host

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.ndr import Ndr
    from sensor.decode.rpc_call import Call

INTERFACE: Final = ("spoolss", "par")

_OPEN: Final = frozenset({"RpcOpenPrinter", "RpcOpenPrinterEx", "RpcAsyncOpenPrinter"})
_NOTIFY: Final = frozenset(
    {
        "RpcRemoteFindFirstPrinterChangeNotification",
        "RpcRemoteFindFirstPrinterChangeNotificationEx",
    }
)
_ADD_DRIVER: Final = frozenset(
    {"RpcAddPrinterDriver", "RpcAddPrinterDriverEx", "RpcAsyncAddPrinterDriver"}
)
_DRIVER_INFO_2: Final = 2


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    stub = call.request()
    if call.method in _OPEN:
        return [call.rpc_call(stub.unique_text())]
    if call.method in _NOTIFY:
        stub.handle()
        stub.u32()
        stub.u32()
        machine = stub.unique_text()
        host = raw_host(machine.lstrip("\\").partition("\\")[0]) if machine else None
        return [call.rpc_call(unc=machine, host=host)]
    if call.method in _ADD_DRIVER:
        return [call.rpc_call(*_driver(stub))]
    return [call.rpc_call()]


def _driver(stub: Ndr) -> tuple[str | None, str | None]:
    """Name of the driver and the first of its files on another machine (DRIVER_INFO_2, MS-RPRN
    2.2.1.5.2).
    """
    stub.unique_text()  # pName
    level = stub.u32()
    if level != _DRIVER_INFO_2 or stub.u32() != level or not stub.pointer():
        return None, None
    stub.u32()  # cVersion
    # pName, pEnvironment, pDriverPath, pDataFile, pConfigFile
    present = [stub.pointer() for _ in range(5)]
    texts = [stub.text() if there else None for there in present]
    remote = [path for path in texts[2:] if path and path.startswith("\\\\")]
    return texts[0], remote[0] if remote else None
