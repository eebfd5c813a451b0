"""One chunk of a Windows event log -> records: the binary XML inside is read by a library.

The Rust library `evtx` first, python-evtx where that is not installed, both behind `ChunkReader`.
Whatever they raise on hostile bytes ends here. Reference: libevtx, "Windows XML Event Log (EVTX)
format" §4 (event record), §5 (binary XML).
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final, Protocol, cast

from sensor.inputs.evtxjson import record_of_json
from sensor.inputs.wintree import NoEventError
from sensor.inputs.winxml import parse_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sensor.inputs.evtxjson import Wanted
    from sensor.map.record import Record

FILE_MAGIC: Final = b"ElfFile\0"
HEADER_SIZE: Final = 4096
CHUNK_SIZE: Final = 65536
RECORDS_LIMIT: Final = CHUNK_SIZE // 24
"""A record is at least a head and a copy of its length."""
ERRORS_LIMIT: Final = 100
_Json = dict[str, str]
"""What the Rust library gives for a record: event_record_id, timestamp, data (JSON text)."""


class ChunkReader(Protocol):
    """Reads one chunk: its records, and for each that cannot be read, why."""

    def __call__(self, chunk: bytes) -> Iterator[Record | NoEventError]: ...


def _file_header() -> bytes:
    """A sound file header for one chunk, for readers that want a file."""
    head = struct.pack("<8sQQQIHHHH", FILE_MAGIC, 0, 0, 1, 128, 1, 3, HEADER_SIZE, 1)
    head = head.ljust(120, b"\0")
    return (head + struct.pack("<II", 0, zlib.crc32(head))).ljust(HEADER_SIZE, b"\0")


def rust_reader(wanted: Wanted | None = None) -> ChunkReader:
    """The reader over the Rust library; records have no data where `wanted` says no. Raises
    ImportError where it is not installed.
    """
    from evtx import PyEvtxParser  # noqa: PLC0415 - either library may be absent

    header = _file_header()

    def read(chunk: bytes) -> Iterator[Record | NoEventError]:
        def start() -> Iterator[_Json]:
            parser = PyEvtxParser(io.BytesIO(header + chunk), 1)
            return cast("Iterator[_Json]", parser.records_json())

        for item in _survive(start):
            if isinstance(item, NoEventError):
                yield item
                continue
            try:
                record = record_of_json(item["data"], wanted)
                record.position = int(item["event_record_id"])
                yield record
            except NoEventError as error:
                yield error
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                yield NoEventError(str(error)[:200])

    return read


def _survive(start: Callable[[], Iterator[_Json]]) -> Iterator[_Json | NoEventError]:
    """Items of a foreign iterator past the errors it raises.

    A panic in Rust arrives as a BaseException; the iterator is not asked again after one.
    """
    iterator: Iterator[_Json] | None = None
    for _ in range(RECORDS_LIMIT + ERRORS_LIMIT):
        try:
            iterator = iterator or start()
            item: _Json | NoEventError = next(iterator)
        except StopIteration:
            return
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library raises on hostile bytes
            yield NoEventError(" ".join(str(error).split())[:200])
            if iterator is None:
                return
            continue
        except BaseException as error:  # noqa: BLE001 - pyo3's PanicException
            yield NoEventError(f"the reader failed: {error}"[:200])
            return
        yield item


def python_reader() -> ChunkReader:
    """The reader over python-evtx. Raises ImportError where it is not installed."""
    from Evtx.Evtx import ChunkHeader  # noqa: PLC0415 - either library may be absent

    def read(chunk: bytes) -> Iterator[Record | NoEventError]:
        records = iter(ChunkHeader(bytearray(chunk), 0).records())
        for _ in range(RECORDS_LIMIT):
            try:
                found = next(records)
                number, text = int(found.record_num()), found.xml()
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 - whatever the library raises on hostile bytes
                yield NoEventError(f"{type(error).__name__}: {error}"[:200])
                continue
            try:
                record = parse_event(text)
                record.position = number
                yield record
            except NoEventError as error:
                yield error

    return read


def any_reader(wanted: Wanted | None = None) -> ChunkReader:
    """The Rust reader, or else the one in Python, which does not ask what is wanted. Raises
    ImportError where both are absent.
    """
    try:
        return rust_reader(wanted)
    except ImportError:
        return python_reader()
