"""Alerts as JSON lines in a file: each change of an alert exactly once, across restarts too.

A line carries `change`, the number of the change in the store's outbox. The file is synced before
the outbox is told, and the last line is read at the start, so a crash in between repeats nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TAIL = 16 * 1024 * 1024


class JsonLines:
    """An append-only file. `written` is the greatest change number in it."""

    def __init__(self, path: Path) -> None:
        """Open for appending; an unfinished last line of a crash is cut off. Raises OSError."""
        self._file = path.open("a+b")
        self.written = self._recover()

    def write(self, change: int, kind: str, alert: Mapping[str, object]) -> None:
        """Append one line, unless it stands there already."""
        if change > self.written:
            line = msgspec.json.encode({"change": change, "kind": kind, **alert})
            self._file.write(line + b"\n")
            self.written = change

    def sync(self) -> None:
        """Everything written is on disk when this returns."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        self._file.close()

    def _recover(self) -> int:
        size = self._file.seek(0, os.SEEK_END)
        start = self._file.seek(max(0, size - _TAIL))
        tail = self._file.read()
        end = tail.rfind(b"\n") + 1
        if end < len(tail):
            self._file.truncate(start + end)
        for line in reversed(tail[:end].splitlines()):
            try:
                return int(msgspec.json.decode(line)["change"])
            except (msgspec.DecodeError, KeyError, TypeError, ValueError):
                continue  # somebody else's line
        return 0
