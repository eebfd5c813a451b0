"""Reads a file in a process beside this one, so that reading and what becomes of it use two cores.

The other process reads as `files` does and sends its events; a thread here takes them from the pipe,
so that it goes on while the caller is busy. Small files, and machines with one processor, are read
here. Knows no format.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from contextlib import suppress
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from dsl.schema.registry import event_types
from sensor.inputs.files import FileSummary, read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from dsl.schema.base import Event

LEAST: Final = 4 << 20
"""Bytes of a file that are worth the half second in which a process starts."""
_BATCH: Final = 2_000
_AHEAD: Final = 32
"""Batches that are read ahead: some ten megabytes."""


class _Told(NamedTuple):
    """A piece of what the other process tells: events, and how far it came in the file."""

    events: bytes
    done: int
    size: int
    ended: bool
    """They are told because the file ends (`at_end` of `read_file`)."""


def read_beside(
    path: Path,
    emit: Callable[[Event], None],
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
    at_end: Callable[[], None] | None = None,
    *,
    raw: bool = False,
    skip: Sequence[tuple[int, int]] | None = None,
    least: int = LEAST,
) -> FileSummary:
    """As `read_file`, in a process of its own where the file has `least` bytes.

    Should that process be killed, the file is read once more, here: the caller must be able to drop
    the events it has.
    """
    if _processors() > 1 and path.stat().st_size >= least:
        ended = False
        for told in _told(path, sensor, raw=raw, skip=skip):
            if isinstance(told, FileSummary):
                if at_end is not None and not ended:
                    at_end()
                return told
            if told.ended and not ended:
                ended = True
                if at_end is not None:
                    at_end()
            for event in _decoder().decode(told.events):
                emit(event)
            if progress is not None:
                progress(told.done, told.size)
    return read_file(path, emit, progress, sensor, at_end, raw=raw, skip=skip)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _decoder() -> msgspec.msgpack.Decoder[list[Event]]:
    event = reduce(or_, (kind.struct for kind in event_types().values()))
    return msgspec.msgpack.Decoder(list[event])  # type: ignore[valid-type]


def _told(
    path: Path, sensor: str | None, *, raw: bool, skip: Sequence[tuple[int, int]] | None
) -> Iterator[_Told | FileSummary]:
    """What the other process tells; the last is the summary, unless it was killed."""
    # a fork would copy threads' locks and the database
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    given = (there, path, sensor, raw, None if skip is None else list(skip))
    process = context.Process(target=_read, args=given, daemon=True, name="atp-reader")
    process.start()
    there.close()
    waiting: queue.Queue[_Told | FileSummary | None] = queue.Queue(_AHEAD)
    stop = threading.Event()
    taker = threading.Thread(target=_take, args=(here, waiting, stop), daemon=True)
    taker.start()
    try:
        while (told := waiting.get()) is not None:
            yield told
    finally:
        stop.set()
        process.kill()
        process.join()
        taker.join()
        here.close()


def _take(
    pipe: Connection, waiting: queue.Queue[_Told | FileSummary | None], stop: threading.Event
) -> None:
    """From the pipe into the queue, until the pipe ends."""
    told: _Told | FileSummary | None = None
    while not stop.is_set():
        try:
            told = pipe.recv()
        except (EOFError, OSError):
            told = None
        while not stop.is_set():
            with suppress(queue.Full):
                waiting.put(told, timeout=0.1)
                break
        if told is None:
            return


def _read(
    pipe: Connection,
    path: Path,
    sensor: str | None,
    raw: bool,
    skip: list[tuple[int, int]] | None,
) -> None:
    """The other process: its events, piece by piece, then its summary."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a key pressed is for the one that reads on
    waiting: list[Event] = []
    encoder = msgspec.msgpack.Encoder()
    came, ended = (0, 0), False

    def send() -> None:
        pipe.send(_Told(encoder.encode(waiting), *came, ended))
        waiting.clear()

    def progress(done: int, size: int) -> None:
        nonlocal came
        came = done, size
        if len(waiting) >= _BATCH:
            send()

    def at_end() -> None:
        nonlocal ended
        send()
        ended = True

    with suppress(BrokenPipeError):
        summary = read_file(path, waiting.append, progress, sensor, at_end, raw=raw, skip=skip)
        send()
        pipe.send(summary)
