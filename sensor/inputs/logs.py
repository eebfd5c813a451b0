"""Event logs in any of the forms known -> events: the front of the readers of records.

Recognises a file by its content (never by its name): .evtx, .etl, Windows event XML, Zeek's TSV,
JSON of either; text also packed with gzip. What its records tell is `logevents`' business.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from sensor.inputs.damage import Damage
from sensor.inputs.etl import computer_of, is_etl, read_etl
from sensor.inputs.evtx import CHUNK_MAGIC, read_evtx
from sensor.inputs.evtxchunk import FILE_MAGIC, HEADER_SIZE
from sensor.inputs.logevents import LogEvents, Summary
from sensor.inputs.winjson import read_winjson
from sensor.inputs.winxml import encoding_of, read_winxml
from sensor.inputs.zeek import MAGIC, read_zeek
from sensor.map.windows import is_mapped

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from dsl.schema.base import Event
    from sensor.map.record import Record
    from sensor.map.zeek_row import Row

    _Reader = Callable[[BinaryIO, Callable[[int], None] | None], Iterator[Record | Row | Damage]]

GZIP_MAGIC: Final = b"\x1f\x8b"
_HEAD: Final = 4096


def is_log(path: Path) -> bool:
    """Whether the file begins like an event log in a form known here."""
    try:
        with path.open("rb") as stream:
            return _reader(stream) is not None
    except (OSError, EOFError, zlib.error):
        return False


def _reader(stream: BinaryIO) -> _Reader | None:
    """The reader for what the stream begins with."""
    head = stream.read(HEADER_SIZE + len(CHUNK_MAGIC))
    stream.seek(0)
    if head.startswith(FILE_MAGIC) or head[HEADER_SIZE:].startswith(CHUNK_MAGIC):
        return read_evtx
    if is_etl(head):
        return read_etl
    if head.startswith(GZIP_MAGIC):
        with gzip.GzipFile(fileobj=stream) as unpacked:
            head = unpacked.read(_HEAD)
        stream.seek(0)
    if head.startswith(MAGIC):
        return read_zeek
    text = head[:_HEAD].decode(encoding_of(head), errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return read_winjson
    return read_winxml if text.startswith("<") else None


def read_log(
    path: str | os.PathLike[str],
    emit: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
    at_end: Callable[[], None] | None = None,
    *,
    raw: bool = False,
    skip: Sequence[tuple[int, int]] | None = None,
) -> Summary:
    """Read a log and emit its events in the order of the log; with `raw` also a `windows_event`
    for each record.

    `progress` is told (bytes read, size of the file). `sensor` names the events' sensor, `log:FILE`
    if None. `at_end` is called after the last record, before the last heartbeats. Raises OSError if
    the file cannot be opened; nothing that is in the file raises. With `skip` the file is an .evtx
    whose events are numbered by their records, without those in these spans (first and last).
    """
    path = Path(path)
    computer = computer_of(path.name)
    told = LogEvents(
        f"log:{path.name}" if sensor is None else sensor, emit, raw=raw, by_record=skip is not None
    )
    with path.open("rb") as stream:
        for item in _items(stream, path.stat().st_size, progress, skip or (), computer, raw=raw):
            if isinstance(item, Damage):
                told.damage(item)
            else:
                told.take(item)
    if at_end is not None:
        at_end()
    told.end()
    return told.summary


def _items(
    stream: BinaryIO,
    size: int,
    progress: Callable[[int, int], None] | None,
    skip: Sequence[tuple[int, int]],
    computer: str,
    *,
    raw: bool,
) -> Iterator[Record | Row | Damage]:
    """What the file holds; a stream that breaks off (bad gzip, failing disk) is damage."""

    def step(done: int) -> None:
        # an .evtx file is not read from front to end, a packed one is smaller than its text
        if progress:
            progress(done if reader is read_evtx else stream.tell(), size)

    try:
        reader = _reader(stream)
        if reader is None:
            yield Damage(
                0, "no event log in a form known here: .evtx, .etl, event XML, Zeek TSV, JSON"
            )
            return
        if reader is read_evtx:
            yield from read_evtx(stream, step, skip=skip, wanted=None if raw else is_mapped)
            return
        if reader is read_etl:
            yield from read_etl(stream, step, computer, whole=raw)
            return
        packed = stream.read(2) == GZIP_MAGIC
        stream.seek(0)
        source = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
        yield from reader(source, step)
    except (OSError, EOFError, zlib.error) as error:
        yield Damage(stream.tell(), f"the file breaks off: {error}"[:200])
