"""MS-TSCH, ITaskSchedulerService: registered tasks as `task_create`, beside the `rpc_call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.windows import TaskCreate
from sensor.decode.rpc_task_xml import command_of

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "itask"

_REGISTER: Final = 1
_NAMES_TASK: Final = frozenset({2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19})
"""methods that begin with the path of a task or folder"""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call(), *_sealed_task(call)]
    stub = call.request()
    if call.opnum in _NAMES_TASK:
        return [call.rpc_call(stub.text())]
    if call.opnum != _REGISTER:
        return [call.rpc_call()]
    path = stub.unique_text()
    xml = stub.text()
    task = TaskCreate(**call.common(), name=path, command=command_of(xml), remote=True)
    return [call.rpc_call(path), call.finish(task)]


def _sealed_task(call: Call) -> list[Event]:
    """Registration is known by its opnum even where the task itself is sealed."""
    if call.opnum != _REGISTER:
        return []
    return [call.finish(TaskCreate(**call.common(), remote=True))]
