"""A report of the database; the answer is a msgpack map of its files by form."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import msgspec

from engine import reports
from engine.errands import RefusedError
from engine.report_facts import DatabaseFacts
from engine.reports import forms
from engine.store.desk import Desk, beside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.errands import Place, Work
    from engine.store import Store


class Asked(msgspec.Struct):
    """Which report in which forms, of [begin, end] in microseconds; None: all, or `last` back from the end."""

    name: str
    forms: list[str]
    begin: int | None = None
    end: int | None = None
    last: int | None = None


def begin(place: Place, arguments: Mapping[str, object]) -> Work:
    """Look at the database as it is now."""
    asked = msgspec.convert(arguments, Asked)
    if asked.name not in reports.names() or not set(asked.forms) <= set(forms.names()):
        raise RefusedError(f"this release has no report `{asked.name}` as {asked.forms}")
    bounds = period(place.store, asked)
    return _Making(place.store.cursor(), place, asked, bounds)


def period(store: Store, asked: Asked) -> tuple[int, int]:
    """First and last microsecond of what is asked for. Raises RefusedError."""
    low, high = asked.begin, asked.end
    if high is None or (low is None and asked.last is None):
        span = store.span()
        if span is None:
            raise RefusedError("the database holds no events")
        low = span[0] if low is None else low
        high = span[1] if high is None else high
    if asked.last is not None:
        low = high - asked.last + 1
    return (high if low is None else low), high


def of_database(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    asked: Asked,
    bounds: tuple[int, int],
    now: int,
) -> bytes:
    """A report's files. Raises duckdb.Error, sqlite3.Error."""
    place = beside(path)
    desk = Desk(place) if place.exists() else None
    try:
        made = reports.make(asked.name, DatabaseFacts(connection, desk, *bounds), now)
    finally:
        if desk is not None:
            desk.close()
    return msgspec.msgpack.encode({form: forms.packer(form)(made) for form in asked.forms})


@dataclass
class _Making:
    cursor: duckdb.DuckDBPyConnection
    place: Place
    asked: Asked
    bounds: tuple[int, int]

    def __call__(self) -> bytes:
        return _packed(self.cursor, self.place, self.asked, self.bounds)

    def stop(self) -> None:
        self.cursor.interrupt()


def _packed(
    cursor: duckdb.DuckDBPyConnection, place: Place, asked: Asked, bounds: tuple[int, int]
) -> bytes:
    try:
        return of_database(cursor, place.path, asked, bounds, place.now)
    except (duckdb.Error, sqlite3.Error) as error:
        raise RefusedError(str(error).partition("\n")[0]) from error
    finally:
        cursor.close()
