"""MS-WMI: what a client logs on to, asks for and runs; a process it starts is a `remote_shell`.

Windows seals these calls by default; a sealed ExecMethod is told as `remote_shell` all the same,
with `encrypted` set, because methods are how commands are run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.windows import RemoteShell
from sensor.decode.rpc_orpc import bstr, skip_this

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = ("wbem_services", "wbem_login")

_LOGIN: Final = "NTLMLogin"
_EXEC: Final = frozenset({"ExecMethod", "ExecMethodAsync"})
_QUERY: Final = frozenset(
    {"ExecQuery", "ExecQueryAsync", "ExecNotificationQuery", "ExecNotificationQueryAsync"}
)
_NAMES_FIRST: Final = frozenset(
    {
        "OpenNamespace", "GetObject", "GetObjectAsync", "DeleteClass", "DeleteClassAsync",
        "CreateClassEnum", "CreateClassEnumAsync", "DeleteInstance", "DeleteInstanceAsync",
        "CreateInstanceEnum", "CreateInstanceEnumAsync",
    }
)  # fmt: skip
"""methods whose first argument names a namespace, a class or an object"""
_PROCESS: Final = "win32_process"
_LIMIT: Final = 1_024


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call(), *(_shell(call) if call.method in _EXEC else [])]
    stub = call.request()
    skip_this(stub)
    if call.method == _LOGIN:
        return [call.rpc_call(stub.unique_text())]
    if call.method in _NAMES_FIRST:
        return [call.rpc_call(_cut(bstr(stub)))]
    if call.method in _QUERY:
        bstr(stub)  # strQueryLanguage
        return [call.rpc_call(_cut(bstr(stub)))]
    if call.method not in _EXEC:
        return [call.rpc_call()]
    path = bstr(stub) or ""
    method = bstr(stub) or ""
    started = path.lower().partition(".")[0].rpartition(":")[2] == _PROCESS
    return [call.rpc_call(_cut(f"{path}.{method}")), *(_shell(call) if started else [])]


def _shell(call: Call) -> list[Event]:
    return [call.finish(RemoteShell(**call.common(), kind="wmi"))]


def _cut(text: str | None) -> str | None:
    return text[:_LIMIT] if text is not None else None
