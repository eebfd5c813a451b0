"""Alerts as a workbook (Office Open XML): a summary, who took part, and a sheet of events for each type.

Everything is written as text or number, never as a formula or a link, whatever it looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import xlsxwriter

from engine.exports.cells import COLUMNS, Cell, cell, columns, evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

OPTIONS: Final = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}  # fmt: skip
MOST_ROWS: Final = 300_000
"""Of a sheet; what lies beyond is said in its last row."""
_NAME: Final = 31
_WIDEST: Final = 60

Row = dict[str, Cell]


def write(alerts: Sequence[Mapping[str, object]], path: Path) -> None:
    """Sheets `Summary`, `Related entities`, then one a type of event."""
    summary = [{name: cell(alert.get(name)) for name in COLUMNS} for alert in alerts]
    related = [row for alert in alerts for row in _related(alert)]
    events: dict[str, list[Row]] = {}
    for alert in alerts:
        for event in evidence(alert):
            kind = str(event.pop("type", "event"))
            events.setdefault(kind, []).append({"alert": cell(alert["number"]), **event})
    sheets = {"Summary": summary, "Related entities": related}
    write_sheets(path, sheets | dict(sorted(events.items())), COLUMNS)


def write_sheets(
    into: Path | BinaryIO, sheets: Mapping[str, Sequence[Row]], first: Sequence[str] = ()
) -> None:
    """A workbook of tables by the names of their sheets; columns `first` stand in the first of them even
    where no row has them.
    """
    with xlsxwriter.Workbook(into, OPTIONS) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        taken: set[str] = set()
        for name, rows in sheets.items():
            sheet = book.add_worksheet(_sheet_name(name, taken))
            names = columns(rows, () if taken else first) or ["nothing"]
            taken.add(sheet.name.lower())
            sheet.freeze_panes(1, 0)
            for i, column in enumerate(names):
                sheet.write_string(0, i, column, head)
                widths = [len(column), *(len(str(row.get(column) or "")) for row in rows[:200])]
                sheet.set_column(i, i, min(_WIDEST, max(widths) + 2))
            sheet.autofilter(0, 0, max(1, min(len(rows), MOST_ROWS)), len(names) - 1)
            for line, row in enumerate(rows[:MOST_ROWS], 1):
                for i, column in enumerate(names):
                    _put(sheet, line, i, row.get(column))
            if len(rows) > MOST_ROWS:
                sheet.write_string(MOST_ROWS + 1, 0, f"… {len(rows) - MOST_ROWS} more rows")


def _put(sheet: xlsxwriter.worksheet.Worksheet, line: int, column: int, value: Cell) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value)
    elif isinstance(value, (int, float)):
        sheet.write_number(line, column, value)
    elif value is not None:
        sheet.write_string(line, column, value)


def _related(alert: Mapping[str, object]) -> list[Row]:
    roles = alert["roles"]
    varied = alert["varied"]
    found: list[Row] = []
    for role, value in roles.items() if isinstance(roles, dict) else ():
        more = varied.get(role, []) if isinstance(varied, dict) else []
        values = value if isinstance(value, list) else [value]
        found += [
            {"alert": cell(alert["number"]), "role": cell(role), "value": cell(one)}
            for one in dict.fromkeys([*values, *more])
            if one is not None
        ]
    return found


def _sheet_name(name: str, taken: set[str]) -> str:
    """As spreadsheets allow it, and not twice."""
    plain = "".join(c if c.isalnum() or c in " _-" else "_" for c in name)[:_NAME] or "sheet"
    number = 1
    while plain.lower() in taken:
        number += 1
        plain = f"{plain[: _NAME - 4]} {number}"
    return plain
