"""Alerts as JSON lines in a file: each change of an alert exactly once, across restarts too.

A line carries `change`, the number of the change in the store's outbox. The file is synced before
the outbox is told; after a crash in between, the last line says what must not be written again.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Final

import msgspec

from engine.event_json import json_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TAIL: Final = 16 * 1024 * 1024
_OURS: Final = b'{"change":'


class Line(msgspec.Struct, frozen=True):
    """What tells a change: its number, its kind and the alert's id."""

    change: int
    kind: str
    id: str


class JsonLines:
    """An append-only file, held by one process at a time. `last` is our last line in it."""

    def __init__(self, path: Path) -> None:
        """Open for appending; an unfinished last line of a crash is cut off.

        Raises OSError, BlockingIOError where another process writes to the file.
        """
        self._path = path
        self._pending: list[bytes] = []
        self._fd = self._open()
        self.last = self._recover()

    def write(self, change: int, kind: str, alert: Mapping[str, object]) -> None:
        """Append one line, at the next `sync`."""
        self._pending.append(json_line({"change": change, "kind": kind, **alert}) + b"\n")

    def sync(self) -> None:
        """Everything written is on disk when this returns. If it raises OSError, nothing is, and
        the next call tries again.
        """
        if not self._pending:
            return
        self._follow()
        end = os.lseek(self._fd, 0, os.SEEK_END)
        left = memoryview(b"".join(self._pending))
        try:
            while left:
                left = left[os.write(self._fd, left) :]
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, end)
            raise
        self._pending.clear()

    def discard(self) -> None:
        """Forget what was written since the last `sync`."""
        self._pending.clear()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)

    def _open(self) -> int:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _follow(self) -> None:
        """Go on in a new file where the old one was moved away or deleted (logrotate)."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            there = None
        if there is None or not os.path.samestat(there, os.fstat(self._fd)):
            fd = self._open()
            os.close(self._fd)
            self._fd = fd

    def _recover(self) -> Line | None:
        size = os.lseek(self._fd, 0, os.SEEK_END)
        start = max(0, size - _TAIL)
        tail = os.pread(self._fd, size - start, start)
        end = tail.rfind(b"\n") + 1
        if end < len(tail):
            self._mend(tail[end:], start + end)
        for line in reversed(tail[:end].splitlines()):
            try:
                return msgspec.json.decode(line, type=Line)
            except msgspec.DecodeError:
                continue  # somebody else's line
        return None

    def _mend(self, rest: bytes, offset: int) -> None:
        """A last line without an end: ours is cut off, somebody else's gets its end."""
        if rest.startswith(_OURS) or _OURS.startswith(rest):
            os.ftruncate(self._fd, offset)
        else:
            os.write(self._fd, b"\n")
