"""A report as a workbook: its sheets, then one that says what of. No cell is a formula or a link."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from engine.exports.xlsx import write_sheets
from engine.reports.forms import cells
from engine.times import iso

if TYPE_CHECKING:
    from engine.reports import Made, Row


def packed(made: Made) -> bytes:
    """The file (Office Open XML)."""
    about: list[Row] = [
        {"what": "report", "value": made.title},
        {"what": "from", "value": iso(made.begin)},
        {"what": "to", "value": iso(made.end)},
        {"what": "made", "value": iso(made.made)},
    ]
    sheets = {name: cells(rows) for name, rows in made.sheets.items()}
    out = io.BytesIO()
    write_sheets(out, sheets | {"About": cells(about)})
    return out.getvalue()
