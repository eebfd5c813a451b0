"""One file, whatever it is: a capture, an event log or a directory as LDIF, known by its content,
never by its name.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sensor.inputs import captures, logs
from sensor.inputs.directory import ldif

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from sensor.inputs.damage import Damage

Kind = Literal["capture", "log", "directory", "unknown"]


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What came of a file: `units` packets, records or entries read, damages in it, counters, and the first
    fault of our own code that a reader met (None is as it should be). `unknown` is a file that is
    neither a capture nor an event log; its first damage says so. `last` is the highest number of a
    record of an .evtx file.
    """

    path: Path
    kind: Kind
    units: int
    damages: list[Damage]
    counters: Mapping[str, int]
    fault: str | None = None
    last: int | None = None


def read_file(
    path: Path,
    emit: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
    at_end: Callable[[], None] | None = None,
    *,
    raw: bool = False,
    skip: Sequence[tuple[int, int]] | None = None,
) -> FileSummary:
    """Read a file and emit its events with `sensor` (default: from the file's name) and `seq`.

    `progress` is told (bytes read, bytes in all); what it raises ends the reading. `at_end` is
    called when everything in the file has been read: the events emitted after it (messages that
    still wait for their answer, last heartbeats) would be others if the file were longer. With
    `raw` the records of logs are told whole, too: many, so only where a rule reads them. Raises
    OSError where the file cannot be opened; what is wrong inside it is in the summary. `skip`: see `logs.read_log`.
    """
    name = sensor or sensor_names([path])[path]
    if logs.is_log(path):
        log = logs.read_log(path, emit, progress, name, at_end, raw=raw, skip=skip)
        kind: Kind = "log" if log.records or not log.damages else "unknown"
        return FileSummary(path, kind, log.records, log.damages, log.counters, last=log.last)
    if ldif.is_ldif(path):
        told = ldif.read_ldif(path, emit, progress, name)
        if at_end is not None:
            at_end()
        return FileSummary(path, "directory", told.records, told.damages, {})
    found = captures.read_capture(path, emit, progress, name, at_end)
    known = found.packets or not any(d.offset == 0 for d in found.damages)
    kind = "capture" if known else "unknown"
    return FileSummary(path, kind, found.packets, found.damages, found.counters, found.fault)


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of all paths, each once; folders give theirs, at any depth, by name."""
    seen: set[Path] = set()
    for path in paths:
        for file in sorted(_below(path)) if path.is_dir() else [path]:
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield file


def sensor_names(files: Sequence[Path]) -> dict[Path, str]:
    """A name for the sensor behind each file: its name, and where two have the same, its place."""
    shown = {file: os.fsencode(file.name).decode("utf-8", "backslashreplace") for file in files}
    times = Counter(shown.values())
    return {
        file: f"file:{name}" if times[name] == 1 else f"file:{name} in {_place(file)}"
        for file, name in shown.items()
    }


def _place(file: Path) -> str:
    return os.fsencode(file.resolve().parent).decode("utf-8", "backslashreplace")


def _below(folder: Path) -> Iterator[Path]:
    """Files of a folder and those below it; folders behind links are left alone (loops)."""
    return (p for p in folder.rglob("*") if p.is_file())
