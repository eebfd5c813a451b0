"""One file, whatever it is: a capture or an event log, known by its content, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sensor.inputs import captures, logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from dsl.schema.base import Event
    from sensor.inputs.damage import Damage


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What came of a file: `units` packets or records read, damages in it, counters, and the first
    fault of our own code that a reader met (None is as it should be).
    """

    path: Path
    kind: Literal["capture", "log"]
    units: int
    damages: list[Damage]
    counters: Mapping[str, int]
    fault: str | None = None


def read_file(
    path: Path,
    emit: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
) -> FileSummary:
    """Read a file and emit its events with `sensor` (default: from the file's name) and `seq`.

    `progress` is told (bytes read, bytes in all). Raises OSError where the file cannot be opened;
    what is wrong inside it is in the summary.
    """
    name = sensor or f"file:{path.name}"
    if logs.is_log(path):
        log = logs.read_log(path, emit, progress, name)
        return FileSummary(path, "log", log.records, log.damages, log.counters)
    capture = captures.read_capture(path, emit, progress, name)
    return FileSummary(
        path, "capture", capture.packets, capture.damages, capture.counters, capture.fault
    )


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of all paths; folders give theirs, at any depth, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file())
        else:
            yield path
