"""Alerts as comma-separated values (RFC 4180): a row an event behind an alert, with the alert's columns.

A cell that a spreadsheet would take for a formula begins with an apostrophe, as OWASP advises.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from engine.exports.cells import COLUMNS, Cell, cell, columns, evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def write(alerts: Sequence[Mapping[str, object]], path: Path) -> None:
    """In UTF-8 with the mark by which spreadsheets know it."""
    rows: list[dict[str, Cell]] = []
    for alert in alerts:
        told = {f"alert_{name}": cell(alert.get(name)) for name in COLUMNS}
        rows += [told | event for event in evidence(alert) or [{}]]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, columns(rows, [f"alert_{name}" for name in COLUMNS]))
        out.writeheader()
        out.writerows({name: defused(value) for name, value in row.items()} for row in rows)


def defused(value: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
