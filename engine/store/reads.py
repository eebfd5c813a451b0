"""Reading beside the thread that owns the store: a few cursors of one database, each reading bounded.

DuckDB lets cursors of one process read a state of the database while another writes; nobody waits for
anybody. What may take long is told how long: a thread that watches interrupts it. A reading that may be
anybody's is also told how much memory it may take, for what it takes the tick has not. Decision 0039.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.store.store import Store

CURSORS: Final = 4
SECONDS: Final = 5.0
"""How long a reading may take, where it is not said."""
_PATIENCE_S: Final = 2.0
_LOOK_S: Final = 0.02
_OF_NOBODY: Final = (
    "BASE_TABLE",
    "IN_MEMORY_TABLE",
    "METADATA",
    "ART_INDEX",
    "COLUMN_DATA_INTERNAL",
)
"""Memory that is no statement's: what is cached of the file, and tables."""


class ReadError(Exception):
    """A reading that had to end; says why."""


class TooSlowError(ReadError):
    """It took longer than it may."""


class TooLargeError(ReadError):
    """It took more memory than it may."""


class BusyError(ReadError):
    """All cursors are in use, or the store is closed."""


class Reads:
    """Cursors of one database, for any thread."""

    def __init__(self, cursors: Sequence[duckdb.DuckDBPyConnection]) -> None:
        """The last of the cursors is the watch's own."""
        *free, self._looking = cursors
        self._all = list(cursors)
        self._free: queue.LifoQueue[duckdb.DuckDBPyConnection] = queue.LifoQueue()
        for cursor in free:
            self._free.put(cursor)
        self._look = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(
        self, seconds: float = SECONDS, memory: int | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for statements that take so long together, and so many bytes, at most.

        Raises BusyError where none is free for two seconds, and out of the statements TooSlowError and
        TooLargeError.
        """
        try:
            cursor = self._free.get(timeout=_PATIENCE_S)
        except queue.Empty:
            raise BusyError("too much is being read at once") from None
        try:
            if self._closed:
                raise BusyError("the engine has stopped")
            watch = _Watch(cursor, seconds, memory, self._taken)
            try:
                with watch:
                    yield cursor
            except duckdb.InterruptException:
                raise watch.why from None
            except duckdb.OutOfMemoryException:
                raise TooLargeError("it takes more memory than there is") from None
        finally:
            self._free.put(cursor)

    def close(self) -> None:
        """End what is being read, and give the cursors back."""
        if self._closed:
            return
        self._closed = True
        for cursor in self._all[:-1]:
            cursor.interrupt()
        waiting = len(self._all) - 1
        end = time.monotonic() + _PATIENCE_S
        while waiting and time.monotonic() < end:
            try:
                self._free.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            waiting -= 1
        for cursor in self._all:
            cursor.close()

    def _taken(self) -> int:
        """Bytes that statements have taken, all together."""
        with self._look:
            ((taken,),) = self._looking.execute(
                "SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() "
                "WHERE NOT list_contains(?::VARCHAR[], tag)",
                [list(_OF_NOBODY)],
            ).fetchall()
        return int(taken)


def reads_of(store: Store, cursors: int = CURSORS) -> Reads:
    """Cursors of a store. For the thread that owns it; whoever closes the store closes them first."""
    return Reads([store.cursor() for _ in range(cursors + 1)])


class _Watch:
    """Interrupts what a cursor does within it, unless it ends in time. `why`: what was too much."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
        memory: int | None,
        taken: Callable[[], int],
    ) -> None:
        self.why: ReadError = TooSlowError(f"it took longer than {seconds:g} s")
        self._cursor = cursor
        self._end = time.monotonic() + seconds
        self._memory = memory
        self._taken = taken
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        with self._lock:  # an interruption that comes late must not meet the next one's statement
            self._done.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(duckdb.Error):  # of a look while the store is closed
            self._wait()
        while not self._done.wait(_LOOK_S):  # again for each statement that follows
            with self._lock:
                if not self._done.is_set():
                    self._cursor.interrupt()

    def _wait(self) -> None:
        """Until it is done, or too much."""
        begun = self._taken() if self._memory is not None else 0
        while not self._done.is_set():
            left = self._end - time.monotonic()
            if left <= 0:
                break
            self._done.wait(left if self._memory is None else min(left, _LOOK_S))
            if self._memory is not None and self._taken() - begun > self._memory:
                self.why = TooLargeError(f"it took more than {self._memory >> 20} MB of memory")
                break
