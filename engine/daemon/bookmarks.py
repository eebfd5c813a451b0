"""How far each Windows event log was read, kept in the store: bookmarks that outlive restarts.

A log is known again by records it holds, by number and time, whatever its file is called: while it
grows, when it wraps around and loses its beginning, as `Archive-Security-….evtx` after it was
closed, as a copy. Its events are numbered by their records, so none is taken twice. Knows no event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sensor.inputs.evtxrecords import Stamp, stamp_of, stamps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.daemon.states import States

_KEY: Final = "log/"
_MARKS: Final = 64
"""Places of the log that are remembered, to know old archives again."""
_SPANS: Final = 256

Spans = list[tuple[int, int]]


class Bookmark(msgspec.Struct):
    """A log: the file it was last read from, some of its records, newest last, and the spans of
    records that were read (first and last, ascending).
    """

    path: str
    marks: list[tuple[int, int]] = []
    read: Spans = []

    @property
    def last(self) -> int:
        """The highest record that was read."""
        return self.read[-1][1] if self.read else -1


class Place(NamedTuple):
    """Where to go on in a file: the log's number, the spans of its records that are in already,
    and how many records between those and the file's beginning are lost.
    """

    log: int
    read: Sequence[tuple[int, int]]
    lost: int


class Bookmarks:
    """The bookmarks of all logs."""

    def __init__(self, store: States) -> None:
        rows = store.states(_KEY)
        self._known = {int(k): msgspec.json.decode(v, type=Bookmark) for k, v in rows.items()}

    def find(self, path: Path) -> Place:
        """The log that a file holds. Raises OSError."""
        with path.open("rb") as stream:
            first = next(stamps(stream), None)
            for log, mark in self._known.items():
                if any(stamp_of(stream, number) == (number, at) for number, at in mark.marks[::-1]):
                    return Place(log, tuple(mark.read), _lost(mark, first, path))
        for log, mark in self._known.items():
            if first is not None and mark.path == str(path) and _goes_on(mark, first):
                return Place(log, tuple(mark.read), _lost(mark, first, path))
        return Place(max(self._known, default=0) + 1, (), 0)

    def advance(self, place: Place, path: Path, last: int | None) -> dict[str, str]:
        """Everything in the file up to record `last` is in: rows of state to store. Raises OSError."""
        mark = self._known.setdefault(place.log, Bookmark(str(path)))
        with path.open("rb") as stream:
            first = next(stamps(stream), None)
            newest = None if last is None else stamp_of(stream, last)
        if first is None or last is None or newest is None:
            return {}
        if last >= mark.last:
            mark.path = str(path)
        mark.read = _joined([*mark.read, (first.number, last)])
        mark.marks = sorted({*mark.marks, (newest.number, newest.written)})[-_MARKS:]
        return {f"{_KEY}{place.log}": msgspec.json.encode(mark).decode()}


def _goes_on(mark: Bookmark, first: Stamp) -> bool:
    """A log that wrapped around, or was archived or cleared: its numbers and times go on."""
    return bool(mark.marks) and first.number > mark.last and first.written >= mark.marks[-1][1]


def _lost(mark: Bookmark, first: Stamp | None, path: Path) -> int:
    """Records overwritten before they were read; an archive may bring them yet."""
    if first is None or mark.path != str(path):
        return 0
    return max(0, first.number - mark.last - 1)


def _joined(spans: Spans) -> Spans:
    """Spans in order, those that touch as one; beyond the limit the oldest are joined."""
    joined: Spans = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    if len(joined) > _SPANS:
        joined[: -_SPANS + 1] = [(joined[0][0], joined[-_SPANS][1])]
    return joined
