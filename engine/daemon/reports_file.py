"""The file of reports: which are made when, and where they go. YAML:

    reports:
      - name: monday
        report: summary
        every: week
        to: [soc]
        folder: /var/lib/atp/reports

`to` names sinks of the file of sinks that are e-mail; `at` is a time of day in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostics
from dsl.record import read_record
from engine import reports
from engine.cli import corpus, output
from engine.daemon.sinks_file import NAME
from engine.daemon.timetable import EVERY, every_of
from engine.reports import forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.diagnostics import Diagnostic
    from dsl.record import Record
    from engine.daemon.timetable import Every

_AT: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_USUAL_AT: Final = "00:15"
_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Planned:
    """A report that is made again and again; `at`: microseconds after the end of what it tells of."""

    name: str
    report: str
    every: Every
    at: int
    form: str
    to: tuple[str, ...]
    folder: Path | None


def load_reports(path: Path, sinks: Mapping[str, str]) -> tuple[Planned, ...]:
    """The reports of a file; `sinks`: types by name. Ends the command where it has errors."""
    planned, found = read_reports(path, sinks)
    corpus.show(found)
    if planned is None:
        output.fail(f"the file of reports {path} has errors")
    return planned


def read_reports(
    path: Path, sinks: Mapping[str, str]
) -> tuple[tuple[Planned, ...] | None, list[Diagnostic]]:
    """The reports of a file (None with errors), and what is wrong in it."""
    diagnostics = Diagnostics()
    file = read_record(path, "the file of reports", diagnostics)
    if file is None:
        return None, diagnostics.items
    planned = tuple(_planned(file, sinks, path.parent))
    file.finish()
    return (None if diagnostics.errors else planned), diagnostics.items


def _planned(file: Record, sinks: Mapping[str, str], beside: Path) -> Iterator[Planned]:
    seen: set[str] = set()
    for entry in file.records("reports", "the report"):
        name = entry.text("name", required=True)
        report = entry.word("report", reports.names(), required=True)
        every = every_of(entry.word("every", EVERY, required=True))
        form = entry.word("format", forms.names()) or "xlsx"
        at, to, folder = entry.text("at"), entry.texts("to"), entry.text("folder")
        entry.finish()
        if name is not None and not NAME.fullmatch(name):
            entry.add("D0607", f"`{name}` is no name of a report", "name",
                      hint="small letters, digits, `-` and `_`")  # fmt: skip
        if name in seen:
            entry.add("D0617", f"`{name}` stands twice in `reports`", "name")
        time = _AT.fullmatch(at or _USUAL_AT)
        if time is None:
            entry.add(
                "D0607", f"`{at}` is no time of day", "at", hint='write it as in `"06:30"`, UTC'
            )
        for sink in to:
            if sinks.get(sink) != "email":
                entry.add("D0607", f"there is no sink `{sink}` of type `email`", "to",
                          hint="it stands in the file of `--sinks`")  # fmt: skip
        if not to and folder is None:
            entry.add("D0605", "the report goes nowhere", hint="add `to: [SINK]` or `folder: PATH`")
        if name is None or report is None or every is None or time is None:
            continue
        seen.add(name)
        kept = None if folder is None else beside / Path(folder).expanduser()
        minutes = int(time[1]) * 60 + int(time[2])
        yield Planned(name, report, every, minutes * _MINUTE_US, form, to, kept)
