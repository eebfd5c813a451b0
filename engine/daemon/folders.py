"""Watched folders: which files are new or have grown, and what came of them.

A file is read when its size and time have not changed since the last look. It is read whole again
when it has grown; its events carry the same sensor and numbers, so ingest drops those it has.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sensor.inputs.files import files_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.store import Store

_HIDDEN = (".", "~")
_UNFINISHED = (".tmp", ".part", ".swp")


class Folders:
    """Files of the watched folders, with what was read of them remembered in the store."""

    def __init__(self, paths: Sequence[Path], store: Store) -> None:
        self._paths = paths
        self._store = store
        self._seen: dict[Path, str] = {}

    def ready(self) -> Iterator[Path]:
        """Files to read now, in the order of their names."""
        seen: dict[Path, str] = {}
        for path in self._files():
            try:
                stamp = _stamp(path)
            except OSError:
                continue  # gone since it was listed
            seen[path] = stamp
            if self._seen.get(path) == stamp and self._store.state(_key(path)) != stamp:
                yield path
        self._seen = seen

    def done(self, path: Path) -> dict[str, str]:
        """The state that says the file was read as it was at the last look."""
        return {_key(path): self._seen.get(path) or _stamp(path)}

    def _files(self) -> Iterator[Path]:
        for path in files_in(p for p in self._paths if p.exists()):
            if not path.name.startswith(_HIDDEN) and path.suffix not in _UNFINISHED:
                yield path


def sensor_name(path: Path) -> str:
    """The sensor that a file's events are said to come from: stable for a file of this place."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    return f"file:{path.name}:{digest}"


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def _key(path: Path) -> str:
    return f"file:{path.resolve()}"
