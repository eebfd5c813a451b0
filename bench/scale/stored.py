"""Databases of a number of stored events, kept between runs, and an engine over each.

A database is made once (in a minute for each six million events) and brought back to its first
state when it is opened again: what a run appended is deleted. What profiles learn of it is kept too,
under the profiles' names: where learning itself has changed, delete the files `*.known`.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from scale import stream

from dsl.given_directory import DirectoryObject
from dsl.schema.registry import event_types
from engine.directory_file import DirectoryFile
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.run import Engine
from engine.store import Store, facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from engine.cli.rules import Loaded
    from engine.running import CompiledDetection, Rule

CHUNK: Final = 10_000
"""Rounds stored at a time, so that the types lie in time order beside one another."""
DEPARTMENTS: Final = 200
_LEFT_BEHIND: Final = (
    "alert_outbox", "alert_row", "alert_record", "alert_event", "state", "coverage",
    "dir_object", "dir_address", "dir_member", "dir_spn", "dir_domain", "dir_change", "list_entry",
)  # fmt: skip


class Stored:
    """A database with `size` events, and what it takes on a disk."""

    def __init__(self, folder: Path, size: int, found: Mapping[str, pa.Table]) -> None:
        self.rounds = size // stream.ROUND
        self.path = path = folder / f"tick-{size}.duckdb"
        making = path.with_suffix(".making")
        if not path.exists():
            self._make(making, found)
            making.rename(path)
        # what profiles learnt of events of another run would call those of this one late
        for left in folder.glob(f"{path.name}.learnt*"):
            left.unlink()
        self.store = Store(path)
        stream.prepare(self.store.connection, found)
        self._restore()
        self.events = self._count()

    def _make(self, path: Path, found: Mapping[str, pa.Table]) -> None:
        """Fill a database, or go on where an earlier run was cut short."""
        store = Store(path)
        stream.prepare(store.connection, found)
        begin = max(0, store.highest_id() // stream.ROUND // CHUNK - 1) * CHUNK
        _delete_after(store, begin * stream.ROUND)
        for first in range(begin, self.rounds, CHUNK):
            stream.fill(store.connection, first, min(first + CHUNK, self.rounds))
        store.checkpoint()
        store.close()

    def bytes_per_event(self) -> float:
        """Blocks in use by the stored events."""
        ((block, used),) = self.store.connection.execute(
            "SELECT block_size, used_blocks FROM pragma_database_size()"
        ).fetchall()
        return int(block) * int(used) / self.events

    def engine(
        self,
        rules: Sequence[Rule],
        compile_detection: Callable[[DetectionPlan], CompiledDetection],
        loaded: Loaded,
    ) -> Engine:
        """An engine that has seen what is stored, with all rules; profiles have learnt it."""
        last = self.rounds * stream.ROUND
        now = stream.BEGIN + self.rounds * stream.GAP
        marks = {"now": now, "marks": {}, "late": {}, "sources": [], "progress": []}
        state = {"ticked": last, "next_id": last + 1, "watermarks": marks}
        encoded = {k: msgspec.json.encode(v).decode() for k, v in state.items()}
        facts.put_state(self.store.connection, encoded)
        kept = self._kept(rules, compile_detection)
        if kept.exists():
            shutil.copyfile(kept, f"{self.path}.learnt")
        engine = Engine(
            self.store,
            rules,
            compile_detection=compile_detection,
            directory=directory_of(_directory()),
            directory_settled=FOREVER,
            keep=True,
        )
        engine.put_lists(loaded.lists, loaded.rows)
        engine.coverage.declare(event_types(), stream.BEGIN)
        if not kept.exists():
            _learn(engine)
            self.store.parts._connection.execute("VACUUM INTO ?", [str(kept)])
        return engine

    def _kept(
        self, rules: Sequence[Rule], compile_detection: Callable[[DetectionPlan], CompiledDetection]
    ) -> Path:
        """Where what the profiles of these rules have learnt of what is stored is kept."""
        learnings = [item for rule in rules for item in compile_detection(rule.plan).learnings]
        hashes = sorted({learning.profile.hash for learning in learnings})
        return self.path.with_suffix(f".{sha256(''.join(hashes).encode()).hexdigest()[:8]}.known")

    def batch(self, number: int, events: int) -> list[Event]:
        """The `number`-th batch of about so many events behind what is stored, in order of time."""
        width = events // stream.ROUND
        first = self.rounds + number * width
        found = stream.events(self.store.connection, first, first + width)
        return sorted(found, key=lambda e: e.ts)

    def _restore(self) -> None:
        connection = self.store.connection
        _delete_after(self.store, self.rounds * stream.ROUND)
        for name in _LEFT_BEHIND:
            connection.execute(f'DELETE FROM "{name}"')  # our own names
        self.store.checkpoint()

    def _count(self) -> int:
        counts = [
            self.store.connection.execute(f'SELECT count(*) FROM "{n}"').fetchall()
            for n in event_types()
        ]
        return sum(int(count) for ((count,),) in counts)


def _learn(engine: Engine) -> None:
    """Ticks without news until profiles know all that is stored: each learns a day in a tick."""
    before: list[int] | None = None
    while (reached := _reached(engine)) != before:
        before = reached
        engine.tick()


def _reached(engine: Engine) -> list[int]:
    return [k.progress.through for k in engine.memory.known.values()] if engine.memory else []


def _delete_after(store: Store, highest: int) -> None:
    """Delete events with a greater id."""
    for name in event_types():
        store.connection.execute(f'DELETE FROM "{name}" WHERE id > ?', [highest])


def _directory() -> DirectoryFile:
    """Every account and host of the stream, and its domain controllers."""
    domain = stream.DOMAIN
    found = [
        DirectoryObject("domain", domain, {"netbios": "CORP", "ticket_lifetime": 36_000_000_000})
    ]
    for i in (1, 2):
        tags: dict[str, str | int | bool | tuple[str, ...]] = {"tags": ("dc", "dns_server")}
        address = f"10.20.30.{9 + i}"
        found.append(DirectoryObject("host", f"dc{i}.{domain}", tags, addresses=(address,)))
    for i in range(stream.HOSTS + 1):
        value = 0x0A400000 + i
        address = ".".join(str(value >> s & 255) for s in (24, 16, 8, 0))
        found.append(DirectoryObject("host", f"ws{i}.{domain}", {}, addresses=(address,)))
    found += [
        DirectoryObject(
            "account",
            f"u{i}@{domain}",
            {"uac": ("normal_account",), "department": f"department {i % DEPARTMENTS}"},
        )
        for i in range(1, stream.ACCOUNTS + 1)
    ]
    return DirectoryFile(tuple(found), ())
