"""Reports of a period, made when they are asked for, and those that are made by the clock: planned by the file
of reports, or here, by who may decide.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine import reports
from engine.asking import answer
from engine.daemon.reporting import entry_name
from engine.daemon.sinks_file import NAME, of_mail
from engine.daemon.timetable import EVERY, every_of, forget, upcoming
from engine.errands import RefusedError
from engine.reports import forms
from engine.store import schedules
from engine.store.schedules import Scheduled
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, SlipError, View, go
from portal.site import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.daemon.reports_file import Planned
    from engine.daemon.timetable import Every

_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SECONDS: Final = 120.0
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Reports wait for one another at the engine; who waits here holds a thread that answers pages."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL: Final = timedelta(days=30)
_AT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MINUTE_US: Final = 60_000_000
_TO: Final = "to."
_FORM: Final = {"name": "", "report": "summary", "every": "week", "at": "00:15", "form": "xlsx"}


def every(asked: Asked) -> Page:
    """What can be made, and what is made by itself."""
    return _page(asked)


def made(asked: Asked) -> Page | Response:
    """One as a workbook, of whole days in UTC."""
    name, form = asked.form.get("report", ""), asked.form
    if name not in reports.names():
        raise HTTPException(400, Text("there is no such report"))
    try:
        begin, end = _period(form.get("since", ""), form.get("until", ""))
        arguments = {"name": name, "forms": ["xlsx"], "begin": begin, "end": end}
        with _turn(), asked.site.sources.deciding() as desk:
            told = answer(desk, "report", arguments, asked.who.name, _SECONDS)
    except SlipError as slip:
        return _page(asked, slip.text, 409)
    except RefusedError as error:
        return _page(asked, Text("The report could not be made: %(why)s.", why=error), 409)
    file = f"{name}-{_day(begin)}-{_day(end)}.xlsx"
    asked.site.audit(asked.who.name, "export", "report", name, note=file)
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    body = msgspec.msgpack.decode(told, type=dict[str, bytes])["xlsx"]
    return Response(body, media_type=_TYPE, headers=headers)


def schedule(asked: Asked) -> Page | Response:
    """One that is made by the clock from now on, or no more."""
    act = {"add": _add, "remove": _remove}.get(asked.form.get("action", ""))
    if act is None:
        raise HTTPException(400, Text("there is no such action"))
    try:
        act(asked)
    except SlipError as slip:
        return _page(asked, slip.text, 409)
    return go("/reports")


def _add(asked: Asked) -> None:
    form, installed = asked.form, asked.site.sources.installed
    name, time = form.get("name", "").strip(), _AT.fullmatch(form.get("at", ""))
    every = every_of(form.get("every"))
    if form.get("report") not in reports.names() or form.get("form") not in forms.names():
        raise HTTPException(400, Text("there is no such report"))
    if every is None or time is None:
        raise SlipError(Text("It is made each day, week or month at a time of day, as 06:30."))
    if not NAME.fullmatch(name):
        raise SlipError(Text("A name has small letters, digits, - and _, at most 40."))
    to = tuple(s for s in of_mail(installed.sinks) if f"{_TO}{s}" in form)
    if not to:
        raise SlipError(Text("It goes to one sink of e-mail at least."))
    at = (int(time[1]) * 60 + int(time[2])) * _MINUTE_US
    one = Scheduled(name, form["report"], every, at, form["form"], to, asked.who.name)
    with asked.site.sources.deciding() as desk, desk.transaction():
        if any(p.name == name for p in installed.reports) or not schedules.add(
            desk.connection, one
        ):
            raise SlipError(Text("There is one of that name already, or there are too many."))
        desk.log(now(), one.who, "schedule", "report", name, {}, one._asdict())


def _remove(asked: Asked) -> None:
    name = asked.form.get("name", "")
    with asked.site.sources.deciding() as desk, desk.transaction():
        found = next((s for s in schedules.scheduled(desk.connection) if s.name == name), None)
        if found is None:
            raise SlipError(Text("There is none of that name."))
        schedules.remove(desk.connection, name)
        forget(desk, entry_name(name))
        desk.log(now(), asked.who.name, "unschedule", "report", name, found._asdict(), {})


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(blocking=False):
        raise SlipError(Text("Other reports are being made; ask again in a minute."))
    try:
        yield
    finally:
        _AT_ONCE.release()


def _period(since: str, until: str) -> tuple[int, int]:
    """First and last microsecond of days, both counted in. Raises SlipError."""
    try:
        begin = datetime.fromisoformat(since).replace(tzinfo=UTC)
        end = datetime.fromisoformat(until).replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise SlipError(Text("A period has a first and a last day.")) from None
    if begin >= end:
        raise SlipError(Text("The period ends before it begins."))
    one = timedelta(microseconds=1)
    return (begin - _EPOCH) // one, (end - _EPOCH) // one - 1


def _page(asked: Asked, fault: Text | None = None, status: int = 200) -> Page:
    installed = asked.site.sources.installed
    known = asked.site.sources.status().now or now()
    last = _EPOCH + timedelta(microseconds=known)
    titles = {name: reports.report(name).TITLE for name in reports.names()}
    with asked.site.sources.desk() as desk:
        of_people = schedules.scheduled(desk.connection)

    def line(
        one: Planned | Scheduled, every: Every, folder: Path | None, who: str
    ) -> dict[str, object]:
        due = upcoming(every, one.at, now())
        return {
            "name": one.name, "title": titles.get(one.report, one.report), "every": every,
            "form": one.form, "next": due, "to": one.to, "folder": folder, "who": who,
        }  # fmt: skip

    planned = [line(one, one.every, one.folder, "") for one in installed.reports]
    planned += [
        line(one, every, None, one.who)
        for one in of_people
        if (every := every_of(one.every)) is not None
    ]
    letters = of_mail(installed.sinks)
    values = {
        "titles": titles, "planned": planned, "file": installed.reports_file, "fault": fault,
        "report": asked.form.get("report", "summary"),
        "since": asked.form.get("since") or (last - _USUAL).date().isoformat(),
        "until": asked.form.get("until") or last.date().isoformat(),
        "letters": letters, "forms": forms.names(), "every": EVERY, "to": _TO,
        "lost": {s for one in of_people for s in one.to} - set(letters),
        "form": {name: asked.form.get(name, usual) for name, usual in _FORM.items()},
        "chosen": {s for s in letters if len(letters) == 1 or f"{_TO}{s}" in asked.form},
    }  # fmt: skip
    return Page("reports.html", values, status)


def _day(ts: int) -> str:
    return (_EPOCH + timedelta(microseconds=ts)).date().isoformat()


VIEWS: Final = (
    View("/reports", every, Permission.READ),
    View("/reports", made, Permission.READ, ("POST",)),
    View("/reports/schedule", schedule, Permission.DECIDE, ("POST",)),
)
