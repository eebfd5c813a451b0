"""Events of several sources in one order of time, in bounded memory.

What files of the same period hold reaches the engine as it happened, whatever order the files are
named in. Beyond `RUN` events sorted runs wait in an unnamed temporary file and are merged.
Knows no file format and no engine.
"""

from __future__ import annotations

import heapq
import tempfile
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.directory import DirectoryObject
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from dsl.schema.base import Event

RUN: Final = 200_000
"""Events held in memory at once, a few hundred megabytes."""
_PIECE: Final = 512
"""Events of a run that are read back together."""


class TimeOrder:
    """Takes events in any order with `add`; `count` of them. `events` gives them by time, sensor and
    number; the state of a directory comes first, for names are resolved by it.
    """

    def __init__(self, run: int = RUN) -> None:
        self._most = run
        self._held: list[Event] = []
        self._runs: list[list[tuple[int, int]]] = []
        self._file: IO[bytes] | None = None
        self._encoder = msgspec.msgpack.Encoder()
        self.count = 0

    def add(self, events: Iterable[Event]) -> None:
        """Take events; they must not be changed any more. Raises OSError where the disk is full."""
        before = len(self._held)
        self._held.extend(events)
        self.count += len(self._held) - before
        if len(self._held) >= self._most:
            self._spill()

    def events(self) -> Iterator[Event]:
        """All events taken, once. Equal times are ordered by sensor and number."""
        self._held.sort(key=_key)
        if self._file is None:
            yield from self._held
            return
        with self._file:
            yield from heapq.merge(*map(self._run, self._runs), self._held, key=_key)

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="atp-")  # noqa: SIM115 - `events` closes it
        self._held.sort(key=_key)
        pieces = []
        for start in range(0, len(self._held), _PIECE):
            data = self._encoder.encode(self._held[start : start + _PIECE])
            pieces.append((self._file.tell(), len(data)))
            self._file.write(data)
        self._runs.append(pieces)
        self._held = []

    def _run(self, pieces: list[tuple[int, int]]) -> Iterator[Event]:
        assert self._file is not None  # noqa: S101 - runs are in it
        event = reduce(or_, (kind.struct for kind in event_types().values()))
        decoder = msgspec.msgpack.Decoder(list[event])  # type: ignore[valid-type]
        for start, size in pieces:
            self._file.seek(start)
            yield from decoder.decode(self._file.read(size))


def _key(event: Event) -> tuple[bool, int, str, int]:
    state = isinstance(event, DirectoryObject)
    return not state, event.ts, event.sensor or "", event.seq or 0
