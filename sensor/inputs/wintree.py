"""Event trees as JSON -> `Record`: {System, EventData, UserData} in the shapes that tools write.

Shapes known: attributes under `#attributes`, plain, or with `@`; text under `#text` or `text`;
EventData as {name: value} or as a list of {Name, text}. Bounds the size of what is kept. Does no
I/O. Reference: event schema of the Windows Event Log (winevt.h, "Event Schema Elements").
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from sensor.map.record import Record, integer

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
VALUE_LIMIT: Final = 65536
"""Characters kept of one value; a whole record in an .evtx file has at most 64 KiB."""
FIELDS_LIMIT: Final = 256
_DEPTH_LIMIT: Final = 8
_TEXT_KEYS: Final = ("#text", "text", "_")


class NoEventError(ValueError):
    """The tree is no Windows event, or its event id or time cannot be read."""


def instant(text: str) -> int:
    """An ISO 8601 time -> microseconds since 1970 UTC; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise NoEventError("the time cannot be read") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def plain(value: object) -> str:
    """The text of a JSON value; of an element with attributes, its text."""
    if isinstance(value, str):
        return value[:VALUE_LIMIT]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)[:VALUE_LIMIT]
    if isinstance(value, dict):
        return next((plain(value[key]) for key in _TEXT_KEYS if key in value), "")
    if isinstance(value, list):
        parts = (plain(part) for part in value[:FIELDS_LIMIT] if not isinstance(part, list))
        return "\n".join(parts)[:VALUE_LIMIT]
    return ""


def attribute(value: object, name: str) -> str:
    """An attribute of an element in any of the JSON shapes; empty if absent."""
    if not isinstance(value, dict):
        return ""
    inner = value.get("#attributes") or value.get("$")
    if isinstance(inner, dict) and name in inner:
        return plain(inner[name])
    return plain(value.get(name, value.get("@" + name)))


def put(data: dict[str, str], name: str, value: str) -> None:
    """Add a value, while there is room."""
    if len(data) < FIELDS_LIMIT:
        data[name[:128]] = value


def event_data(part: object) -> dict[str, str]:
    """EventData of a JSON tree; Data without a name by its position."""
    data: dict[str, str] = {}
    if not isinstance(part, dict):
        return data
    own = {"xmlns", "@xmlns"} | ({"Name", "@Name"} if "Data" in part else set())
    for name, value in part.items():
        if name in own:
            continue
        if type(value) is str and name != "Data" and len(data) < FIELDS_LIMIT:
            data[name[:128]] = value[:VALUE_LIMIT]  # by far the most frequent
            continue
        if name in {"#attributes", "$"}:
            continue
        if name != "Data":
            put(data, name, plain(value))
            continue
        items = value.get("#text", value) if isinstance(value, dict) else value
        for position, item in enumerate(items if isinstance(items, list) else [items], start=1):
            put(data, attribute(item, "Name") or str(position), plain(item))
            if position >= FIELDS_LIMIT:
                break
    return data


def leaves(part: object, depth: int = 0) -> dict[str, str]:
    """The leaves below UserData by their names; the first of a name wins."""
    found: dict[str, str] = {}
    if not isinstance(part, dict) or depth > _DEPTH_LIMIT:
        return found
    for name, value in part.items():
        if name.startswith(("#", "$", "@", "xmlns")):
            continue
        if isinstance(value, dict) and not any(key in value for key in _TEXT_KEYS):
            for inner, text in leaves(value, depth + 1).items():
                if inner not in found:
                    put(found, inner, text)
        elif name not in found:
            put(found, name, plain(value))
    return found


@lru_cache(maxsize=4096)
def mask(text: str) -> int:
    """Keywords as hex, or as the signed decimal that some shippers print."""
    value = integer(text)
    if value is None and text[:2] in {"0x", "0X"} and len(text) <= 18:
        try:
            return int(text, 16)
        except ValueError:
            return 0
    return (value or 0) & 0xFFFFFFFFFFFFFFFF


def record_of_tree(event: object) -> Record:
    """The record of a JSON tree {System, EventData, UserData}. Raises NoEventError."""
    system = event.get("System") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(system, dict):
        raise NoEventError("no System element")
    event_id = integer(plain(system.get("EventID")).strip())
    if event_id is None:
        raise NoEventError("no EventID")
    return Record(
        ts=instant(attribute(system.get("TimeCreated"), "SystemTime")),
        event_id=event_id,
        provider=attribute(system.get("Provider"), "Name"),
        channel=plain(system.get("Channel")).strip(),
        version=integer(plain(system.get("Version"))) or 0,
        computer=plain(system.get("Computer")).strip(),
        record_id=integer(plain(system.get("EventRecordID"))),
        keywords=mask(plain(system.get("Keywords"))),
        level=integer(plain(system.get("Level"))),
        task=integer(plain(system.get("Task"))),
        opcode=integer(plain(system.get("Opcode"))),
        user_sid=attribute(system.get("Security"), "UserID") or None,
        data=event_data(event.get("EventData")),
        user_data=leaves(event.get("UserData")),
    )
