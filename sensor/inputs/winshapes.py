"""What shippers write of a Windows record, as JSON values -> `Record`.

Shapes: the event tree {"Event": {System, EventData, UserData}}, alone, in a list or as text in a
`body`; winlogbeat 7 and later (`winlog`), winlogbeat 6 (`event_data` at the top), nxlog (fields at
the top). Does no I/O. Reference: Winlogbeat exported fields; NXLog im_msvistalog fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sensor.inputs.wintree import (
    FIELDS_LIMIT,
    NoEventError,
    instant,
    leaves,
    mask,
    plain,
    record_of_tree,
)
from sensor.map.record import AUDIT_FAILURE, AUDIT_SUCCESS, Record, integer

if TYPE_CHECKING:
    from collections.abc import Iterator

_NESTING: Final = 4


def decode(text: bytes) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoEventError(f"not JSON: {error}"[:200]) from None


def records_of_value(value: object, depth: int = 0) -> Iterator[Record | NoEventError]:
    """The records in one JSON value; for each part that is none, why."""
    if isinstance(value, list) and depth <= _NESTING:
        for item in value:
            yield from records_of_value(item, depth + 1)
        return
    try:
        inner = _inner(value) if depth <= _NESTING else None
        if inner is None:
            yield _record(value)
            return
    except NoEventError as error:
        yield error
        return
    yield from records_of_value(inner, depth + 1)


def _inner(value: object) -> object | None:
    """What an envelope holds: a list of events, or the event's text in `body`."""
    if not isinstance(value, dict):
        raise NoEventError("no shape of a Windows event")
    events: object = value.get("Events")
    if isinstance(events, list | dict):
        return events
    event: object = value.get("Event")
    if isinstance(event, list):
        return event
    if isinstance(value.get("body"), str) and "EventID" not in value:
        return decode(value["body"].encode())
    return None


def _record(value: object) -> Record:
    """The record of one event in any of the shapes. Raises NoEventError."""
    if isinstance(value, dict):
        if isinstance(value.get("Event"), dict):
            return record_of_tree(value["Event"])
        if isinstance(value.get("System"), dict):
            return record_of_tree(value)
        if isinstance(value.get("winlog"), dict):
            return _winlogbeat(value, value["winlog"])
        if isinstance(value.get("event_data"), dict) or "log_name" in value:
            return _winlogbeat(value, value)
        if "EventID" in value:
            return _nxlog(value)
    raise NoEventError("no shape of a Windows event")


_LEVELS: Final = {"critical": 1, "error": 2, "warning": 3, "information": 4, "verbose": 5}


def _named(fields: dict[str, object]) -> dict[str, str]:
    """Data by name; winlogbeat calls the n-th unnamed one `paramN`."""
    named: dict[str, str] = {}
    for name, value in list(fields.items())[:FIELDS_LIMIT]:
        position = name.removeprefix("param")
        named[position if position.isdigit() else name[:128]] = plain(value)
    return named


def _keywords(value: object) -> int:
    """The audit bits, from winlogbeat's words or a number."""
    if not isinstance(value, list):
        return mask(plain(value))
    words = {plain(word).casefold() for word in value[:16]}
    return (AUDIT_FAILURE if "audit failure" in words else 0) | (
        AUDIT_SUCCESS if "audit success" in words else 0
    )


def _level(value: object) -> int | None:
    """The level by its number, or by the word that winlogbeat writes for it."""
    written = plain(value)
    return _LEVELS.get(written.casefold(), integer(written))


def _event_id(value: object) -> int:
    number = integer(plain(value).strip())
    if number is None:
        raise NoEventError("no event id")
    return number


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _winlogbeat(top: dict[str, object], fields: dict[str, object]) -> Record:
    """Winlogbeat: `@timestamp` is TimeCreated; the rest under `winlog`, in version 6 at the top."""
    user = _object(fields.get("user"))
    return Record(
        ts=instant(plain(top.get("@timestamp"))),
        event_id=_event_id(fields.get("event_id")),
        provider=plain(fields.get("provider_name") or fields.get("source_name")),
        channel=plain(fields.get("channel") or fields.get("log_name")),
        version=integer(plain(fields.get("version"))) or 0,
        computer=plain(fields.get("computer_name")),
        record_id=integer(plain(fields.get("record_id") or fields.get("record_number"))),
        keywords=_keywords(fields.get("keywords")),
        level=_level(fields.get("level")),
        task=integer(plain(fields.get("task"))),
        opcode=integer(plain(fields.get("opcode"))),
        user_sid=plain(user.get("identifier")) or None,
        data=_named(_object(fields.get("event_data"))),
        user_data=leaves(fields.get("user_data")),
    )


def _nxlog(fields: dict[str, object]) -> Record:
    """Nxlog: EventData's names beside its own.

    EventTime has no zone unless so configured, so `@timestamp`, which a pipeline adds in UTC, is
    preferred.
    """
    moment = plain(fields.get("@timestamp")) or plain(fields.get("EventTime"))
    return Record(
        ts=instant(moment),
        event_id=_event_id(fields.get("EventID")),
        provider=plain(fields.get("SourceName")),
        channel=plain(fields.get("Channel")),
        version=integer(plain(fields.get("Version"))) or 0,
        computer=plain(fields.get("Hostname")),
        record_id=integer(plain(fields.get("RecordNumber"))),
        keywords=_keywords(fields.get("Keywords")),
        task=integer(plain(fields.get("Task"))),
        opcode=integer(plain(fields.get("OpcodeValue"))),
        user_sid=plain(fields.get("UserID")) or None,
        data=_named(fields),
    )
