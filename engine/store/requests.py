"""What commands ask of a running daemon, at the desk: DuckDB gives its file to one process, so that one does it.

A request waits, is worked on, and is answered or refused; who asked takes the answer and it is gone. Functions
over a `Desk`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.store.desk import Desk

TABLE: Final = """
CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY, asked INTEGER NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL,
    arguments TEXT NOT NULL, state TEXT NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;
"""
_STALE_US: Final = 3_600_000_000
State = Literal["waits", "begun", "done", "refused"]


class Request(NamedTuple):
    """What is asked for: a `kind` of `engine.errands` with its arguments; `asked` in microseconds."""

    id: str
    asked: int
    who: str
    kind: str
    arguments: dict[str, object]


def ask(desk: Desk, kind: str, arguments: Mapping[str, object], who: str, now: int) -> str:
    """Put a request; its id."""
    id_ = uuid.uuid4().hex
    desk.connection.execute(
        "INSERT INTO request VALUES (?, ?, ?, ?, ?, 'waits', x'')",
        (id_, now, who, kind, msgspec.json.encode(arguments).decode()),
    )
    return id_


def waiting(desk: Desk) -> list[Request]:
    """Requests that nobody has begun, oldest first."""
    rows = desk.connection.execute(
        "SELECT id, asked, who, kind, arguments FROM request WHERE state = 'waits' ORDER BY asked, id"
    ).fetchall()
    return [
        Request(id_, asked, who, kind, msgspec.json.decode(arguments))
        for id_, asked, who, kind, arguments in rows
    ]


def begun(desk: Desk, id_: str) -> bool:
    """Note that it is worked on; False where who asked has taken it back."""
    found = desk.connection.execute(
        "UPDATE request SET state = 'begun' WHERE id = ? AND state = 'waits'", (id_,)
    )
    return found.rowcount == 1


def answer(desk: Desk, id_: str, answer: bytes) -> None:
    """Answer it."""
    desk.connection.execute(
        "UPDATE request SET state = 'done', answer = ? WHERE id = ?", (answer, id_)
    )


def refuse(desk: Desk, id_: str, why: str) -> None:
    """Say why it was not done."""
    desk.connection.execute(
        "UPDATE request SET state = 'refused', answer = ? WHERE id = ?", (why.encode(), id_)
    )


def standing(desk: Desk, id_: str) -> tuple[State, bytes]:
    """How it stands, and the answer or why it was refused; one that is gone is refused."""
    row = desk.connection.execute(
        "SELECT state, answer FROM request WHERE id = ?", (id_,)
    ).fetchone()
    return ("refused", b"it was taken back") if row is None else (row[0], row[1])


def asked_by(desk: Desk, id_: str) -> Request | None:
    """A request, whatever became of it; None where it is gone."""
    row = desk.connection.execute(
        "SELECT id, asked, who, kind, arguments FROM request WHERE id = ?", (id_,)
    ).fetchone()
    return (
        None
        if row is None
        else Request(row[0], row[1], row[2], row[3], msgspec.json.decode(row[4]))
    )


def forget(desk: Desk, id_: str) -> None:
    """Take it back, or drop its answer."""
    desk.connection.execute("DELETE FROM request WHERE id = ?", (id_,))


def forget_old(desk: Desk, now: int) -> None:
    """Drop what nobody fetched in an hour."""
    desk.connection.execute("DELETE FROM request WHERE asked < ?", (now - _STALE_US,))


def clean(desk: Desk, now: int) -> None:
    """At a start: what was begun is refused, what nobody fetched in an hour is dropped."""
    forget_old(desk, now)
    desk.connection.execute(
        "UPDATE request SET state = 'refused', answer = ? WHERE state = 'begun'",
        (b"atp-run ended while it worked on it",),
    )
