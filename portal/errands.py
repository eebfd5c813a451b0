"""Work that takes longer than a page: asked of the daemon at the desk, looked at until it is done.

An answer is its asker's own. Knows no request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

import msgspec

from engine.store import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.reading.sources import Sources

_MOST: Final = 8
"""Errands of one person that nobody has answered yet."""


class TooManyError(Exception):
    """One person has asked for too much at once."""


class Errand(TypedDict):
    """What was asked, and how it stands: `waits`, `begun`, `done` or `refused`; `answer`: what was done; `why`: why it was not."""

    id: str
    kind: str
    asked: dict[str, object]
    state: str
    seconds: int
    answer: dict[str, object] | None
    why: str


def ask(sources: Sources, who: str, kind: str, arguments: Mapping[str, object]) -> str:
    """Ask for an errand; its id. Raises TooManyError, sqlite3.Error."""
    now = sources.clock()
    with sources.deciding() as desk:
        requests.forget_old(desk, now)
        if sum(r.who == who for r in requests.waiting(desk)) >= _MOST:
            raise TooManyError(f"{_MOST} errands wait already: let them be done first")
        return requests.ask(desk, kind, arguments, who, now)


def look(sources: Sources, who: str, id_: str) -> Errand | None:
    """How an errand stands; None where it is not theirs, or gone. Raises sqlite3.Error."""
    with sources.desk() as desk:
        asked = requests.asked_by(desk, id_)
        if asked is None or asked.who != who:
            return None
        state, told = requests.standing(desk, id_)
    return {
        "id": id_,
        "kind": asked.kind,
        "asked": asked.arguments,
        "state": state,
        "seconds": max(0, sources.clock() - asked.asked) // 1_000_000,
        "answer": msgspec.json.decode(told) if state == "done" else None,
        "why": told.decode("utf-8", "replace") if state == "refused" else "",
    }
