"""Watched folders: which files are new or have grown, and who their events come from.

A file is read when its size and time have not changed since the last look, or have changed for ten
seconds; and read whole again when they differ from those it was read with. All files of a folder are one sensor, as those that one tap or one collector writes
one after the other; events are numbered by file and within it, so ingest drops those it has.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from engine.daemon.identity import Head, head_of
from sensor.inputs.evtxrecords import is_event_log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from engine.daemon.states import States

_HIDDEN: Final = (".", "~")
_UNFINISHED: Final = (".tmp", ".part", ".swp")
_FILE: Final = "file/"
_HEAD: Final = "head/"
_NUMBER_BITS: Final = 27
"""Events of a file: 2**27. With 2**21 files that makes the 48 bits of a sensor's numbers."""
_GROWING_S: Final = 10.0
"""A file that never rests is read so often."""
_PATIENCE: Final = 10
"""A file that grows is read again after so many times what the last reading took."""


class Known(msgspec.Struct, frozen=True):
    """What is known of a path: the file it was at the last reading, its number, its stamp then,
    whether what came at its end is in (see `service`), and its place on the disk.
    """

    stamp: str
    head: Head
    number: int
    ended: bool = False
    inode: str = ""


class Found(msgspec.Struct, frozen=True):
    """A file to read now. Its events are of `sensor`, numbered on from `first`."""

    path: Path
    known: Known

    @property
    def sensor(self) -> str:
        """The folder it lies in."""
        return f"folder:{_text(self.path.parent)}"

    @property
    def first(self) -> int:
        """The number before that of its first event."""
        return self.known.number << _NUMBER_BITS

    @property
    def first_of_end(self) -> int:
        """The number before that of the first event told because the file ended here: one that
        differs for each end, as those events do.
        """
        half = 1 << (_NUMBER_BITS - 1)
        size = int(self.known.stamp.partition(":")[0])
        return self.first + half + (size * 2_654_435_761) % (half - (1 << 20))


class Folders:
    """Files of the watched folders, with what was read of them remembered in the store.

    `own` are files of the daemon itself, which may lie there too; `refused` is told of each file
    that cannot be read, once.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        store: States,
        own: Collection[Path] = (),
        refused: Callable[[Path, OSError], None] = lambda _path, _error: None,
    ) -> None:
        self._paths = [p.resolve() for p in paths]
        self._own = {str(p.resolve()) for p in own}
        self._refused = refused
        self._refusals: dict[str, str] = {}
        known = store.states(_FILE)
        self._known = {k: msgspec.json.decode(v, type=Known) for k, v in known.items()}
        self._numbers = {k: int(v) for k, v in store.states(_HEAD).items()}
        self._places = {k.inode: k for k in self._known.values() if k.inode}
        """Files by their place on the disk, also those whose path another one has now."""
        numbers = [*self._numbers.values(), *(k.number for k in self._known.values())]
        self._last = max(numbers, default=0)
        self._seen: dict[str, str] = {}
        self._restless: dict[str, float] = {}
        self._wait: dict[str, float] = {}
        self.missing: set[Path] = set()
        """Watched folders that are not there now."""

    def ready(self, now: float, waiting: Callable[[Path], bool]) -> Iterator[Found]:
        """Files to read now (`now`: seconds of a steady clock), in the order of their names.

        `waiting` says whether the end of a file that was read is still being waited for.
        """
        seen: dict[str, str] = {}
        for entry in self._entries():
            try:
                status = entry.stat()
                stamp = _stamp(status)
            except OSError:
                continue  # gone since it was listed
            seen[entry.path] = stamp
            if now < self._wait.get(entry.path, 0) or not self._at_rest(entry.path, stamp, now):
                continue
            path = Path(entry.path)
            known = self._known.get(_text(path))
            if known and known.stamp == stamp and (known.ended or waiting(path)):
                continue
            if self._refusals.get(entry.path) == stamp:
                continue
            try:
                recognised = self._recognised(path, stamp, _inode(status), known)
            except OSError as error:
                self._refusals[entry.path] = stamp
                self._refused(path, error)
                continue
            yield Found(path, recognised)
        self._seen = seen

    def begin(self, found: Found) -> dict[str, str]:
        """The file is going to be read: rows of state to store before any of its events, so that
        its number is never given to another one. Empty where they are there.
        """
        known = self._known.get(_text(found.path))
        if known and (known.number, known.head) == (found.known.number, found.known.head):
            return {}
        return self._keep(found.path, msgspec.structs.replace(found.known, stamp=""))

    def done(self, found: Found, now: float, seconds: float, *, ended: bool) -> dict[str, str]:
        """The file was read, in so many seconds, as it was at the last look: rows of state to store
        when its events are.
        """
        self._wait[str(found.path)] = now + _PATIENCE * seconds
        return self._keep(found.path, msgspec.structs.replace(found.known, ended=ended))

    def _keep(self, path: Path, known: Known) -> dict[str, str]:
        self._known[_text(path)] = self._places[known.inode] = known
        rows = {_FILE + _text(path): msgspec.json.encode(known).decode()}
        if known.head.whole and known.head.digest not in self._numbers:
            self._numbers[known.head.digest] = known.number
            rows[_HEAD + known.head.digest] = str(known.number)
        return rows

    def _at_rest(self, path: str, stamp: str, now: float) -> bool:
        if self._seen.get(path) == stamp:
            self._restless.pop(path, None)
            return True
        if now - self._restless.setdefault(path, now) < _GROWING_S:
            return False
        self._restless[path] = now
        return True

    def _recognised(self, path: Path, stamp: str, inode: str, known: Known | None) -> Known:
        """The file's number: that of the one it continues, by path or by place on the disk, else
        that of one that began so, else the next. Raises OSError.
        """
        head = head_of(path)
        number = None
        for before in (known, self._places.get(inode)):
            if before and before.head.size and head_of(path, before.head.size) == before.head:
                number = before.number
                break
        if number is None and head.whole:
            number = self._numbers.get(head.digest)
        if number is None and known and is_event_log(path):
            number = known.number  # a log that wrapped around; its events have other numbers
        if number is None:
            self._last += 1
            number = self._last
        return Known(stamp, head, number, inode=inode)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        for folder in self._paths:
            if folder.is_dir():
                self.missing.discard(folder)
                yield from self._below(str(folder))
            else:
                self.missing.add(folder)

    def _below(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """Files of a folder and of those below it, by name; links to folders are left alone."""
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda e: e.name)
        except OSError:
            return  # gone since, or not ours to read
        for entry in entries:
            if entry.name.startswith(_HIDDEN) or entry.name.endswith(_UNFINISHED):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(entry.path)
            elif entry.is_file() and entry.path not in self._own:
                yield entry


def _text(path: Path) -> str:
    """A path as text that a database takes, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _inode(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}"


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}"
