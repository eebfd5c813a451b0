"""Values of alerts and events as cells of a table: one line of text, a number or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.printable import printable
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Cell = str | int | float | bool | None
LONGEST: Final = 32_767
"""Characters of a cell by the limits of spreadsheets."""
_EXACT: Final = 2**53
"""Greater numbers are not exact in a spreadsheet, so they stand as text."""

COLUMNS: Final = (
    "number", "id", "detection", "external_id", "title", "severity", "confidence", "status", "verdict",
    "assignee", "kill_chain", "mitre", "first_seen", "last_seen", "actor", "source", "target",
    "explanation", "evidence_count",
)  # fmt: skip
"""Of an alert, in the order in which tables show them."""


def cell(value: object) -> Cell:
    """A value as a cell; lists joined, objects as JSON, control characters escaped."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if isinstance(value, (list, tuple)):
        text = "; ".join(str(cell(one)) for one in value)
    elif isinstance(value, dict):
        text = msgspec.json.encode(value).decode()
    else:
        text = str(value)
    return printable(text)[:LONGEST]


def event_cells(event: Mapping[str, object]) -> dict[str, Cell]:
    """The fields of an event of the evidence; its time in words."""
    ts = event.get("ts")
    return {k: cell(v) for k, v in event.items()} | ({"ts": iso(ts)} if isinstance(ts, int) else {})


def columns(rows: Iterable[Mapping[str, object]], first: Iterable[str] = ()) -> list[str]:
    """Names of all columns of rows, some of them first."""
    found = dict.fromkeys(first)
    for row in rows:
        found.update(dict.fromkeys(row))
    return list(found)


def evidence(alert: Mapping[str, object]) -> list[dict[str, Cell]]:
    """The events behind an alert as rows."""
    events = alert["evidence"]
    return [event_cells(e) for e in events] if isinstance(events, list) else []
