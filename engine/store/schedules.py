"""Reports that people have scheduled in the portal, a table of the desk: taken up without a new start.

Where they go is a sink by its name, so that whoever schedules a report chooses among the recipients that were
configured and no others. Each function takes a connection of the desk.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3

TABLE: Final = """
CREATE TABLE IF NOT EXISTS schedule (
    name TEXT PRIMARY KEY, report TEXT NOT NULL, every TEXT NOT NULL, at INTEGER NOT NULL, form TEXT NOT NULL,
    recipients TEXT NOT NULL, who TEXT NOT NULL) WITHOUT ROWID;
"""
MOST: Final = 100


class Scheduled(NamedTuple):
    """A report that is made `every` day, week or month, `at` microseconds behind its end, and goes to the
    sinks `to`. `who`: scheduled it.
    """

    name: str
    report: str
    every: str
    at: int
    form: str
    to: tuple[str, ...]
    who: str


def scheduled(connection: sqlite3.Connection) -> list[Scheduled]:
    """All, by name."""
    rows = connection.execute(
        "SELECT name, report, every, at, form, recipients, who FROM schedule ORDER BY name"
    )
    return [
        Scheduled(name, report, every, at, form, tuple(json.loads(to)), who)
        for name, report, every, at, form, to, who in rows
    ]


def add(connection: sqlite3.Connection, one: Scheduled) -> bool:
    """Whether it was added: False where there is one of that name, or `MOST` are there."""
    made = connection.execute(
        "INSERT INTO schedule SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM schedule) < ? "
        "ON CONFLICT DO NOTHING",
        (one.name, one.report, one.every, one.at, one.form, json.dumps(one.to), one.who, MOST),
    )
    return made.rowcount > 0


def remove(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there was one of that name."""
    return connection.execute("DELETE FROM schedule WHERE name = ?", (name,)).rowcount > 0
