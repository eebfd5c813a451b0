"""The installation's own lists, changed by people while the daemon runs: an entry more, an entry less.

The files are those that `atp tune` writes. A change is proven to load before it is written, and in force
once `reread` was heard.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from dsl.load import load
from engine.tuning.candidates import Candidate, Entry
from engine.tuning.list_text import without_entry
from engine.tuning.writing import Change, change_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.catalogue import Catalogue, ListEntry, ListFile
    from engine.tuning.writing import Signed


class OwnLists:
    """For any thread. `paths`: files and folders of them, as `--lists` names them now."""

    def __init__(self, paths: Callable[[], tuple[Path, ...]], reread: Callable[[], None]) -> None:
        self._paths = paths
        self._reread = reread
        self._writing = threading.Lock()

    @property
    def folder(self) -> Path | None:
        """Where new files go; None where there is no folder of them, and so nothing is changed."""
        return next((p for p in self._paths() if p.is_dir()), None)

    def files(self) -> Mapping[str, ListFile]:
        """All of them by name."""
        return self._read().lists

    def add(self, name: str, kind: str, description: str, entry: Entry, signed: Signed) -> Path:
        """Write an entry; `kind` and `description` are of a file that is not there yet; the file. Raises
        ValueError with the reason, OSError.
        """
        with self._writing:
            known = self._sound().lists.get(name)
            folder = self.folder if known is None else known.path.parent
            if folder is None:
                raise ValueError("there is no folder of own lists")
            change = change_of(Candidate(name, (entry,), 0), signed, folder, kind, description)
            change.write()
        self._reread()
        return change.path

    def remove(self, name: str, value: str) -> ListEntry:
        """Take an entry out, by what `value` it has; what it was. Raises ValueError with the reason, OSError."""
        with self._writing:
            known = self._sound().lists.get(name)
            entry = next((e for e in known.entries if e.value == value), None) if known else None
            if known is None or entry is None:
                raise ValueError("there is no such entry in the installation's own lists")
            before = known.path.read_text(encoding="utf-8")
            after = without_entry(before, entry.span.line) if entry.span is not None else None
            if after is None or not _only_lacks(known, entry, after):
                raise ValueError(
                    f"{known.path} is not written an entry a line: take it out by hand"
                )
            Change(known.path, before, after).write()
        self._reread()
        return entry

    def _read(self) -> Catalogue:
        return load([p.resolve() for p in self._paths()], Path.cwd())

    def _sound(self) -> Catalogue:
        """With an error in any of them, nothing would come in force."""
        catalogue = self._read()
        if catalogue.diagnostics.errors:
            first = catalogue.diagnostics.errors[0]
            raise ValueError(f"{first.file} has an error, mend it first: {first.message}")
        return catalogue


def _only_lacks(file: ListFile, entry: ListEntry, after: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="atp-") as folder:
        path = Path(folder) / file.path.name
        path.write_text(after, encoding="utf-8")
        catalogue = load([path], Path(folder))
    if catalogue.diagnostics.errors or file.name not in catalogue.lists:
        return False
    there = [(e.value, e.owner, e.reason, e.expires) for e in catalogue.lists[file.name].entries]
    return there == [
        (e.value, e.owner, e.reason, e.expires) for e in file.entries if e is not entry
    ]
