"""Scheduled tasks: 4698 created, 4702 updated -> task_create.

The command is read from the task's XML, which came from the client: no DTD, bounded size.
Reference: events 4698 and 4702; MS-TSCH §2.5 (task XML); RPC_CALL_CLIENT_LOCALITY (rpcasync.h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from dsl.schema.windows import TaskCreate
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_XML_LIMIT: Final = 65536
_COMMAND_LIMIT: Final = 8192
_RCCL_LOCAL: Final = 1
_RCCL_REMOTE: Final = 2


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def command_of(xml: str | None) -> str | None:
    """What a task runs: `Command Arguments` of each Exec, or the ClassId of a COM handler."""
    if xml is None or len(xml) > _XML_LIMIT or "<!DOCTYPE" in xml:
        return None
    try:
        root = ET.fromstring(xml)  # noqa: S314 - without a DTD no entity can expand
    except (ET.ParseError, ValueError):
        return None
    found = []
    for action in root.iter():
        if _local(action.tag) in {"Exec", "ComHandler"}:
            parts = {_local(part.tag): (part.text or "").strip() for part in action}
            words = (parts.get("Command"), parts.get("Arguments"), parts.get("ClassId"))
            found.append(" ".join(word for word in words if word))
    return "; ".join(command for command in found if command)[:_COMMAND_LIMIT] or None


def task_created(record: Record) -> list[Event]:
    """TaskName, TaskContent (4702: TaskContentNew), RpcCallClientLocality (version 1)."""
    locality = record.number("RpcCallClientLocality")
    remote = locality == _RCCL_REMOTE if locality in {_RCCL_LOCAL, _RCCL_REMOTE} else None
    return [
        TaskCreate(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=identity.subject(record),
            outcome=record.outcome,
            name=record.text("TaskName"),
            command=command_of(record.text("TaskContentNew") or record.text("TaskContent")),
            remote=remote,
        )
    ]


EVENTS = {
    ("Security", 4698): task_created,
    ("Security", 4702): task_created,
}
