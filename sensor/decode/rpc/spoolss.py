"""MS-RPRN and MS-PAR: printer drivers as `driver_install`, machines to report to as UNC paths.

A driver is code that the spooler loads; its files may lie on another machine. The `rpc_call` beside
it names the driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.windows import DriverInstall
from sensor.decode.rpc_call import raw_host, unc_host

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
_FROM_PACKAGE: Final = frozenset(
    {"RpcAsyncInstallPrinterDriverFromPackage", "RpcAsyncUploadPrinterDriverPackage"}
)
_INSTALLS: Final = _ADD_DRIVER | _FROM_PACKAGE
_SHAPES: Final[dict[int, str]] = {
    2: "dppppp",
    3: "dppppppppdm",
    4: "dppppppppdmdm",
    6: "dppppppppdmdmddqpppp",
    8: "dppppppppdmdmddqppppppdmpddmddq",
}
"""Level -> fixed part of RPC_DRIVER_INFO_n (MS-RPRN 2.2.1.5.2-6): d number, q eight bytes, p text,
m list of texts. The first text is the name, the second the environment, the rest are mostly files."""
_ALIGNED: Final = frozenset({6, 8})
"""levels whose structure holds eight-byte numbers"""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return _installed(call, None, None) if call.method in _INSTALLS else [call.rpc_call()]
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
        return _installed(call, *_driver(stub))
    if call.method in _FROM_PACKAGE:
        stub.unique_text()  # pszServer
        return _installed(call, None, stub.unique_text())
    return [call.rpc_call()]


def _installed(call: Call, name: str | None, path: str | None) -> list[Event]:
    unc = path if unc_host(path) is not None else None
    return [call.rpc_call(name, unc), call.finish(DriverInstall(**call.common(), unc=unc))]


def _driver(stub: Ndr) -> tuple[str | None, str | None]:
    """Name of the driver and the first of its files on another machine."""
    stub.unique_text()  # pName, the server
    stub.align_structure()
    level = stub.u32()
    shape = _SHAPES.get(level)
    if shape is None or stub.tag() != level or not stub.pointer():
        return None, None
    if level in _ALIGNED:
        stub.align(8)
    present: list[bool] = []
    for kind in shape:
        if kind == "d":
            stub.u32()
        elif kind == "q":
            stub.u64()
        else:
            present.append(stub.pointer())
    kinds = [kind for kind in shape if kind in "pm"]
    name: str | None = None
    files: list[str] = []
    for at, there in enumerate(present):
        if not there:
            continue
        texts = [stub.text()] if kinds[at] == "p" else stub.texts()
        if at == 0:
            name = texts[0]
        elif at > 1:
            files += texts
        if stub.cut:
            break
    remote = [path for path in files if unc_host(path) is not None]
    return name, remote[0] if remote else None
