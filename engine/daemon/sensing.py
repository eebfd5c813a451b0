"""The role of a sensor: inputs are read into the spool, from which a thread delivers to the engine.

One thread owns the inputs. Once a second, or when a batch is full, what came is put on disk, with
how far it was read, and is safe then. Where the disk takes no more, events wait in memory and their
senders with them. Must not import Lark, DuckDB or pyarrow: it runs on domain controllers.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.sensor import SensorHealth
from engine.cli import output
from engine.daemon.folders import Folders
from engine.daemon.reader import QUIET_S, Reader, Stopped
from engine.daemon.telling import Telling
from sensor.delivery.batch import MOST_EVENTS, counts, encode
from sensor.delivery.fencing import plain
from sensor.delivery.protocol import SAMPLED, SPOOL
from sensor.delivery.sampling import Filter, Sampling
from sensor.delivery.spool import Packed, Spool, SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from engine.daemon.service import Source
    from sensor.delivery.sender import Sender
    from sensor.delivery.spool import Gap
    from sensor.govern.allowance import Allowance

_BATCH_S: Final = 0.5
_LAST: Final = "last/"
_RAW: Final = "raw"
_FILTER: Final = "filter"
_AGAIN_S: Final = 5.0


class Sensing:
    """What `atp-run --role sensor` does, step by step. `start` begins the inputs once they can be
    numbered; `folders` are watched, and read as fast as `allowance` has it.
    """

    def __init__(
        self,
        spool: Spool,
        sender: Sender,
        folders: Sequence[Path],
        *,
        own: Sequence[Path] = (),
        quiet_s: float = QUIET_S,
        stopping: Callable[[], bool] = lambda: False,
        allowance: Allowance | None = None,
    ) -> None:
        self._allowance = allowance
        self._spool = spool
        self._sender = sender
        self._stopping = stopping
        self._sources: Sequence[Source] = ()
        self._events: list[Event] = []
        self._rows: dict[str, str] = {}
        self._last = {k: int(v) for k, v in spool.states(_LAST).items()}
        self._noted = dict(self._last)
        self._sampling = Sampling()
        self._sampling.left_out.update({k: int(v) for k, v in spool.states(SAMPLED).items()})
        self._told_left_out = Counter(self._sampling.left_out)
        kept = spool.states(_FILTER).get("")
        if kept:
            self._use(msgspec.json.decode(kept, type=Filter))
        self._raw = spool.states(_RAW).get("") == "1"
        self._flushed = time.monotonic()
        self._telling = Telling()
        self._folders = Folders(
            folders, spool, own, lambda p, e: output.warn(f"{p}: {output.reason(e)}")
        )
        self._reader = Reader(self, self._folders, self._breathe, quiet_s)

    def begin(self, sources: Sequence[Source]) -> None:
        """These inputs tell events from now on."""
        self._sources = sources

    # --- a keeper ---------------------------------------------------------------------------------

    @property
    def raw(self) -> bool:
        """What the engine said last; a new sensor sends none before it has."""
        return self._raw if self._sender.raw is None else self._sender.raw

    def last(self, sensor: str) -> int:
        """The greatest number that an input's events have had."""
        return self._last.get(sensor, 0)

    def states(self, prefix: str) -> dict[str, str]:
        """See `states.States`."""
        return self._spool.states(prefix)

    def ingest(self, events: Sequence[Event]) -> int:
        """See `states.Keeper`."""
        for event in events:
            # also those that are left out: a number is never given twice
            sensor, seq = plain(event.sensor or ""), event.seq or 0
            if seq > self._last.get(sensor, 0):
                self._last[sensor] = seq
        self._events += self._sampling.sent(events)
        while len(self._events) >= MOST_EVENTS:
            self._flush(MOST_EVENTS)
        return len(events)

    def keep(self, rows: Mapping[str, str]) -> None:
        """See `states.Keeper`; on disk with the events before them."""
        self._rows.update(rows)
        if not self._events:
            self._flush(0)

    # --- steps ------------------------------------------------------------------------------------

    def step(self) -> None:
        """Take what came, put it on disk, say what goes wrong."""
        self._take()
        for source in self._sources:
            if source.fault:
                self.close()
                output.fail(f"{source.name} failed: {source.fault}")
        with suppress(Stopped):
            self._reader.step()
        self._put()
        self._complain()

    def close(self) -> None:
        """Take the last events and put them on disk; what can be delivered at once is."""
        for source in self._sources:
            self.ingest(source.close())
        self._put()
        self._sender.close()
        self._spool.close()

    def _take(self) -> None:
        for source in self._sources:
            self.ingest(source.take())

    def _breathe(self) -> None:
        if self._stopping():
            raise Stopped
        if self._allowance is not None:
            time.sleep(self._allowance.rest())
        if time.monotonic() - self._flushed >= _BATCH_S:
            self._take()
            self._put()
            self._complain()

    def _put(self) -> None:
        gaps = self._spool.take_gaps()
        if gaps:
            self._events += [self._told(gap) for gap in gaps]
            self._rows.update(self._spool.gaps_told())
        if self._sender.raw is not None and self._sender.raw != self._raw:
            self._raw = self._sender.raw
            self._rows[_RAW] = "1" if self._raw else "0"
        wanted = self._sender.filter
        if wanted is not None and wanted != self._sampling.filter:
            self._use(wanted)
            self._rows[_FILTER] = msgspec.json.encode(wanted).decode()
        self._flush(len(self._events))

    def _flush(self, most: int) -> None:
        """The first so many events, and the rows if these are all; tried until the disk takes them."""
        events = self._events[:most]
        whole = len(events) == len(self._events)
        rows = dict(self._rows) if whole else {}
        numbers = [(plain(event.sensor or ""), event.seq or 0) for event in events]
        for sensor, seq in [*numbers, *self._last.items()] if whole else numbers:
            if seq > self._noted.get(sensor, 0):
                self._noted[sensor] = seq
                rows[_LAST + sensor] = str(seq)
        left_out = self._sampling.left_out
        if whole and left_out != self._told_left_out:
            self._told_left_out = Counter(left_out)
            rows |= {SAMPLED + kind: str(n) for kind, n in left_out.items()}
        self._flushed = time.monotonic()
        if not events and not rows:
            return
        packed = None
        if events:
            times = [event.ts for event in events]
            packed = Packed(encode(events), counts(events), min(times), max(times))
        while True:
            try:
                self._spool.append(packed, rows)
            except SpoolError as error:
                self._telling.tell("spool", f"the spool cannot be written, events wait: {error}")
                if self._stopping():
                    return
                time.sleep(_AGAIN_S)
            else:
                self._telling.tell("spool", "")
                break
        del self._events[:most]
        if whole:
            self._rows.clear()
        self._sender.wake()

    def _use(self, wanted: Filter) -> None:
        self._sampling.use(wanted)
        self._sender.in_force = wanted.version

    def _told(self, gap: Gap) -> Event:
        """What was dropped from the spool, as the engine must know of it."""
        self._last[SPOOL] = seq = self._last.get(SPOOL, 0) + 1
        self._rows[_LAST + SPOOL] = str(seq)
        return SensorHealth(
            ts=time.time_ns() // 1000, sensor=SPOOL, seq=seq, via="wire", kind="gap",
            activity=gap.type, from_ts=gap.begin, to_ts=gap.end + 1, lost=gap.lost,
        )  # fmt: skip

    def _complain(self) -> None:
        for topic, words in self._sender.complaints().items():
            self._telling.tell(topic, words)
        lost = sum(self._spool.dropped().values())
        full = f"the spool is full: {lost} events were dropped since the sensor was set up"
        self._telling.tell("dropped", full if lost else "")
        for source in self._sources:
            for topic, words in source.complaints().items():
                self._telling.tell(f"{topic} {source.name}", words)
        for folder in self._folders.missing:
            self._telling.tell(f"missing {folder}", f"{folder} is not there; waiting for it")
