"""A file of JSON lines that somebody is writing: from a byte of it on, as far as its lines are whole.

What is said after a line's end and is no whole value yet is left for the next time. A part that is
read twice from the same place tells the same events with the same numbers, and so does the file
packed with gzip after it was rotated. Values over several lines are `winjson`'s.
Reference: ndjson.org; RFC 8259.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from sensor.inputs.damage import Damage
from sensor.inputs.files import FileSummary
from sensor.inputs.jsonitems import items_of_line
from sensor.inputs.logevents import LogEvents, Summary
from sensor.inputs.winjson import BOM, LINE_LIMIT, is_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dsl.schema.base import Event


class LinePlace(NamedTuple):
    """A byte where a line begins, and how many events and records lie before it."""

    at: int = 0
    events: int = 0
    records: int = 0

    @property
    def told(self) -> tuple[int, int]:
        """What was told before."""
        return self.events, self.records


GZIP_MAGIC: Final = b"\x1f\x8b"
_BEGIN: Final = b"{"


def is_json_lines(path: Path) -> bool:
    """Whether the file's first line is a JSON object, or the beginning of one that may become one.
    Raises OSError.
    """
    try:
        with _opened(path) as stream:
            line = stream.readline(LINE_LIMIT).removeprefix(BOM)
    except (EOFError, zlib.error):
        return False
    if not line.startswith(_BEGIN) or b"\0" in line[:4]:
        return False
    return is_value(line) or (not line.endswith(b"\n") and len(line) < LINE_LIMIT)


def read_lines(
    path: Path,
    emit: Callable[[Event], None],
    start: LinePlace,
    progress: Callable[[LinePlace], bool],
    sensor: str,
    *,
    raw: bool = False,
) -> tuple[FileSummary, LinePlace]:
    """Emit what the lines from a place on tell; the place where to go on. Raises OSError.

    `progress` is told the place after each line, when all that is before it has been emitted; True
    says that reading may go on from there another time, so what is told is told as it will be then.
    """
    told, place, done = LogEvents(sensor, emit, raw=raw, told=start.told), start, Summary()
    try:
        with _opened(path) as stream:
            stream.seek(start.at)
            for offset, line, after in _lines(stream, start.at):
                if line.strip():
                    for item in items_of_line(line, offset):
                        if isinstance(item, Damage):
                            told.damage(item)
                        else:
                            told.take(item)
                place = LinePlace(after, *told.told)
                if progress(place):
                    done.add(told.summary)
                    told = LogEvents(sensor, emit, raw=raw, told=place.told)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        told.damage(Damage(place.at, f"the file breaks off: {error}"[:200]))
    done.add(told.summary)
    return FileSummary(path, "log", done.records, done.damages, done.counters), place


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The text of a file, unpacked where it is packed."""
    with path.open("rb") as stream:
        packed = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        stream.seek(0)
        yield cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream


def _lines(stream: BinaryIO, offset: int) -> Iterator[tuple[int, bytes, int]]:
    """Whole lines with the bytes where they begin and end; of one that is too long its beginning,
    which is no value.
    """
    while line := stream.readline(LINE_LIMIT):
        end = offset + len(line)
        if not line.endswith(b"\n"):
            if len(line) < LINE_LIMIT and not is_value(line):
                return
            while not line.endswith(b"\n") and (rest := stream.readline(LINE_LIMIT)):
                end += len(rest)
                if rest.endswith(b"\n"):
                    break
        yield offset, line.removeprefix(BOM) if offset == 0 else line, end
        offset = end
