"""MS-TSCH, ATSvc: jobs added as `task_create`, beside the `rpc_call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.windows import TaskCreate

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "atsvc"

_ADD: Final = 0


def events(call: Call) -> list[Event]:
    if call.opnum != _ADD:
        return [call.rpc_call()]
    command: str | None = None
    if call.clear:
        stub = call.request()
        stub.unique_text()  # ServerName
        stub.align_structure()
        stub.u32()  # JobTime
        stub.u32()  # DaysOfMonth
        stub.u16()  # DaysOfWeek and Flags, a byte each
        command = stub.text() if stub.pointer() else None
    task = TaskCreate(**call.common(), command=command, remote=True)
    return [call.rpc_call(command), call.finish(task)]
