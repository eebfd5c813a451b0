"""Reports of a period, made when they are asked for, and those that are made by the clock."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine import reports
from engine.asking import answer
from engine.daemon.timetable import upcoming
from engine.errands import RefusedError
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, SlipError, View
from portal.site import now

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SECONDS: Final = 120.0
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Reports wait for one another at the engine; who waits here holds a thread that answers pages."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL: Final = timedelta(days=30)


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
    planned = [
        {
            "name": one.name, "title": titles[one.report], "every": one.every, "form": one.form,
            "next": upcoming(one.every, one.at, now()), "to": one.to, "folder": one.folder,
        }
        for one in installed.reports
    ]  # fmt: skip
    values = {
        "titles": titles, "planned": planned, "file": installed.reports_file, "fault": fault,
        "report": asked.form.get("report", "summary"),
        "since": asked.form.get("since") or (last - _USUAL).date().isoformat(),
        "until": asked.form.get("until") or last.date().isoformat(),
    }  # fmt: skip
    return Page("reports.html", values, status)


def _day(ts: int) -> str:
    return (_EPOCH + timedelta(microseconds=ts)).date().isoformat()


VIEWS: Final = (
    View("/reports", every, Permission.READ),
    View("/reports", made, Permission.READ, ("POST",)),
)
