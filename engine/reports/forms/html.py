"""A report as a page that stands alone, also as the body of a letter: no script, no style from elsewhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import jinja2

from engine.exports.cells import columns
from engine.reports.forms import cells
from engine.times import iso

if TYPE_CHECKING:
    from engine.reports import Made

_ROWS: Final = 1_000
"""Of a sheet; what lies beyond stands in the workbook."""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body style="font-family: sans-serif">
<h1>{{ title }}</h1>
<p>{{ begin }} to {{ end }} (UTC)</p>
{% for sheet in sheets %}<h2>{{ sheet.name }}</h2>
{% if sheet.rows %}<table border="1" cellpadding="3" style="border-collapse: collapse">
<tr>{% for name in sheet.names %}<th align="left">{{ name }}</th>{% endfor %}</tr>
{% for row in sheet.rows %}<tr>{% for name in sheet.names %}<td>{{ "" if row.get(name) is none else row.get(name, "") }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% if sheet.more %}<p>… {{ sheet.more }} more rows</p>{% endif %}
{% else %}<p>nothing</p>{% endif %}
{% endfor %}</body></html>
"""


def packed(made: Made) -> bytes:
    """The page, in UTF-8."""
    return page(made, _ROWS).encode()


def page(made: Made, most: int) -> str:
    """The page with at most so many rows of each sheet."""
    sheets = [
        {
            "name": name, "rows": cells(rows[:most]), "names": columns(rows[:most]),
            "more": max(0, len(rows) - most),
        }
        for name, rows in made.sheets.items()
    ]  # fmt: skip
    minutes = len("2026-01-31T12:00")
    begin, end = (iso(t)[:minutes].replace("T", " ") for t in (made.begin, made.end))
    return _template().render(title=made.title, begin=begin, end=end, sheets=sheets)


@cache
def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(_PAGE)
