"""Scheduled reports: made by errands when the timetable says so, put into a folder and the spool of sinks.

A file has the same name and a letter the same id whenever it is made again, so neither is there twice.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Final

import msgspec

from engine import reports
from engine.daemon.reports_file import Planned
from engine.daemon.timetable import Entry, every_of, period
from engine.store.schedules import scheduled
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from engine.daemon.dispatch import Dispatch
    from engine.store.desk import Desk

_DATE: Final = len("2026-01-31")


def entries(planned: Sequence[Planned], dispatch: Dispatch | None) -> list[Entry]:
    """The timetable's entries of these reports."""
    return [
        Entry(
            entry_name(one.name), one.every, one.at, "report",
            _arguments(one), _Finish(one, dispatch),
        )
        for one in planned
    ]  # fmt: skip


def of_people(desk: Desk, planned: Sequence[Planned], sinks: Sequence[str]) -> list[Planned]:
    """The reports that people have scheduled, but for the names of those of the file; they go to those of `sinks`
    that they name. Raises sqlite3.Error.
    """
    taken = {one.name for one in planned}
    return [
        Planned(
            one.name, one.report, every, one.at, one.form,
            tuple(s for s in one.to if s in sinks), None,
        )
        for one in scheduled(desk.connection)
        if one.name not in taken and (every := every_of(one.every)) is not None
    ]  # fmt: skip


def entry_name(report: str) -> str:
    """What the timetable calls a planned report."""
    return f"report {report}"


def _arguments(one: Planned) -> Callable[[int, int], Mapping[str, object]]:
    wanted = sorted({one.form, "html"} if one.to else {one.form})
    return lambda begin, end: {"name": one.report, "forms": wanted, "begin": begin, "end": end}


class _Finish:
    def __init__(self, planned: Planned, dispatch: Dispatch | None) -> None:
        self._planned = planned
        self._dispatch = dispatch

    def __call__(self, answer: bytes, due: int) -> None:
        one = self._planned
        if one.folder is None and (not one.to or self._dispatch is None):
            raise OSError("none of the sinks that it goes to is configured any more")
        files = msgspec.msgpack.decode(answer, type=dict[str, bytes])
        begin, end = period(one.every, one.at, due)
        day = iso(begin)[:_DATE]
        name = f"{one.name}-{day}.{one.form}"
        if one.folder is not None:
            _write(one.folder / name, files[one.form])
        if one.to and self._dispatch is not None:
            letter = {
                "title": reports.report(one.report).TITLE, "from": iso(begin), "to": iso(end),
                "file": name, "form": one.form, "page": files["html"].decode(),
                "data": base64.b64encode(files[one.form]).decode(),
            }  # fmt: skip
            self._dispatch.tell_of_report(one.to, f"report.{one.name}.{due}", letter)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all; for its owner alone, as it tells of people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    file = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
