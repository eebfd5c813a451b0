r"""A Windows record as it came -> `windows_event`, for rules that name what the log wrote.

Beside the mappings of `sensor.map.windows`, which say what a record means: this one keeps every
value, untrimmed, under the name the record has for it. Knows no file and no clock. Reference: the
event schema of the Windows Event Log, elements EventData and UserData.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from dsl.schema.raw import WindowsEvent
from dsl.schema.registry import event_types
from sensor.map.identity import account, address, host, sid

if TYPE_CHECKING:
    from sensor.map.record import Record

UNNAMED: Final = "Data"
"""All values without a name, a line each: what Sigma and others call so."""


@cache
def known_columns() -> dict[str, str]:
    """Names of EventData and UserData that have a column of their own, and which."""
    columns = event_types()["windows_event"].columns.values()
    return {
        source: column.name
        for column in columns
        if not column.common and column.field.kind == "text"
        for source in column.field.sources.split("; ")
        if not source.startswith("System ")
    }


def raw_event(record: Record) -> WindowsEvent:
    """The whole record."""
    known = known_columns()
    columns: dict[str, str] = {}
    rest: dict[str, str] = {}
    for name, value in record.data.items():
        column = known.get(name)
        if column is None or column in columns:
            rest[name] = value
        else:
            columns[column] = value
    for name, value in record.user_data.items():
        column = known.get(name)
        if column is not None and column not in columns:
            columns[column] = value
        elif name not in rest:
            rest[name] = value
    unnamed = [v for n, v in record.data.items() if n.isdecimal()]
    if unnamed:
        rest.setdefault(UNNAMED, "\n".join(unnamed))
    event = WindowsEvent(
        ts=record.ts,
        via=record.via,
        primary=True,
        dc=host(record.computer),
        account=_account(record),
        src_ip=address(record.text("IpAddress") or ""),
        outcome=record.outcome,
        channel=record.channel or None,
        provider=record.provider or None,
        event_id=record.event_id,
        version=record.version,
        level=record.level,
        task=record.task,
        opcode=record.opcode,
        keywords=f"0x{record.keywords:016x}" if record.keywords else None,
        record_id=record.record_id,
        computer=record.computer or None,
        user_sid=sid(record.user_sid),
        data=rest,
    )
    for column, value in columns.items():
        setattr(event, column, value)
    return event


def _account(record: Record) -> str | None:
    """Who acted: the subject, the user of a process, the account the writer ran as."""
    text = record.text
    subject = account(text("SubjectUserName"), text("SubjectDomainName"), text("SubjectUserSid"))
    return subject or account(text("User")) or sid(record.user_sid)
