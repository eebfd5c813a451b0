"""A report as one JSON object: name, title, period, and the rows of every sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.event_json import json_line
from engine.reports.forms import plain
from engine.times import iso

if TYPE_CHECKING:
    from engine.reports import Made


def packed(made: Made) -> bytes:
    """With times in words."""
    told = {
        "report": made.name, "title": made.title, "from": iso(made.begin), "to": iso(made.end),
        "made": iso(made.made),
        "sheets": {name: [plain(row) for row in rows] for name, rows in made.sheets.items()},
    }  # fmt: skip
    return json_line(told) + b"\n"
