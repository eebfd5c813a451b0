"""What a JSON value that was shipped tells: records of Windows, rows of Zeek, or neither.

Filebeat sends the line of a log as text in `message`, and names the log in `event.dataset`
(`zeek.kerberos`) or by the file. Does no I/O. Reference: Elastic Common Schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sensor.inputs.damage import Damage
from sensor.inputs.winshapes import decode, records_of_value
from sensor.inputs.wintree import NoEventError
from sensor.inputs.zeek import row_of_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.map.record import Record
    from sensor.map.zeek_row import Row

_LOG: Final = re.compile(r"([a-z][a-z0-9_]*)[^/\\]*\.log(?:\.gz)?$")
"""`/opt/zeek/logs/current/kerberos.log`, `kerberos.12:00:00-13:00:00.log.gz`."""
_NESTING: Final = 4


def items_of_value(value: object, depth: int = 0) -> Iterator[Record | Row | NoEventError]:
    """Records and rows in one JSON value; for each part that is none, why."""
    if isinstance(value, list) and depth <= _NESTING:
        for item in value:
            yield from items_of_value(item, depth + 1)
        return
    try:
        row = _row(value) if isinstance(value, dict) else None
    except NoEventError as error:
        yield error
        return
    if row is not None:
        yield row
    else:
        yield from records_of_value(value, depth)


def items_of_line(line: bytes, offset: int = 0) -> Iterator[Record | Row | Damage]:
    """What one line tells, or why nothing; `offset` is its place in its file."""
    try:
        value = decode(line)
    except NoEventError as error:
        yield Damage(offset, str(error))
        return
    for item in items_of_value(value):
        yield Damage(offset, str(item)) if isinstance(item, NoEventError) else item


def _row(value: dict[str, object]) -> Row | None:
    """The row that a value is, or carries as text. Raises NoEventError."""
    message = value.get("message")
    if isinstance(message, str) and "winlog" not in value and message.lstrip().startswith("{"):
        inner = decode(message.encode())
        return row_of_value(inner, _shipped(value)) if isinstance(inner, dict) else None
    return row_of_value(value)


def _shipped(value: dict[str, object]) -> str:
    """The log's name, as who shipped the line tells it."""
    event, log = value.get("event"), value.get("log")
    dataset = event.get("dataset") if isinstance(event, dict) else None
    if isinstance(dataset, str) and dataset.startswith("zeek."):
        return dataset.removeprefix("zeek.")
    file = log.get("file") if isinstance(log, dict) else None
    path = file.get("path") if isinstance(file, dict) else None
    found = _LOG.search(path) if isinstance(path, str) else None
    return found[1] if found else ""
