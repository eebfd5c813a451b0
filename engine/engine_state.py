"""What the engine must remember over a restart, as JSON values of the store's table `state`.

Written in the transaction of the events or of the tick it belongs to, and only what changed:
`seen/<sensor>`, `learnt/<kind>/<key>`, `witnesses`, `next_id` with a batch; `ticked`, `watermarks`,
`alive`, `running/<detection>` with a tick. Speaks no SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.coverage import Spans  # noqa: TC001  # msgspec reads annotations at run time
from engine.entities_rows import FOREVER
from engine.ingest_seen import Ranges
from engine.store import alerts as stored
from engine.store import facts
from engine.witnesses import Sensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from dsl.schema.base import Event
    from engine.coverage import Coverage
    from engine.ingest import Ingest
    from engine.running import Running
    from engine.watermark import Watermarks


class _Marks(msgspec.Struct):
    now: int
    marks: dict[str, int]
    late: dict[str, int]
    sources: list[tuple[tuple[str, str, str], int]]
    progress: list[tuple[tuple[str, int], int]]


class _Alive(msgspec.Struct):
    spans: list[tuple[tuple[str, str], Spans]]
    domains: list[tuple[tuple[str, str], list[str]]]


class _Progress(msgspec.Struct):
    decided: dict[int, int]
    settled: int
    newest: int
    since: int
    version: int
    params: str
    owed: tuple[int, int] | None = None


def of_batch(ingest: Ingest, events: Sequence[Event]) -> dict[str, str]:
    """What a batch changed, to be stored with its events."""
    state = {f"learnt/{k}": v for k, v in ingest.directory.take_learnt().items()}
    for sensor in {e.sensor for e in events if e.sensor is not None}:
        state[f"seen/{sensor}"] = _json(ingest.seen.ranges.get(sensor, []))
    if ingest.witnesses.changed:
        ingest.witnesses.changed = False
        state["witnesses"] = _json(list(ingest.witnesses.table.items()))
    state["next_id"] = _json(ingest.next_id)
    return state


def of_tick(
    ingest: Ingest, watermarks: Watermarks, coverage: Coverage, running: Iterable[Running]
) -> dict[str, str]:
    """Where a tick got to, to be stored with its alerts."""
    state = {f"running/{r.rule.plan.id}": _json(_progress(r)) for r in running}
    marks = _Marks(
        watermarks.now,
        watermarks.marks,
        dict(watermarks.late),
        list(watermarks.sources.items()),
        list(watermarks.progress.items()),
    )
    domains = [(k, sorted(v)) for k, v in coverage.domains.items()]
    state["watermarks"] = _json(marks)
    state["alive"] = _json(_Alive(list(coverage.alive.items()), domains))
    state["next_id"] = _json(ingest.next_id)
    state["ticked"] = _json(ingest.next_id - 1)
    return state


def resume(
    connection: duckdb.DuckDBPyConnection,
    ingest: Ingest,
    watermarks: Watermarks,
    coverage: Coverage,
    running: Mapping[str, Running],
) -> int:
    """Take everything up again; the greatest event id that a tick has seen."""
    state = facts.states(connection, "")
    for key, value in state.items():
        kind, _, rest = key.partition("/")
        if kind == "seen":
            ingest.seen.ranges[rest] = msgspec.json.decode(value, type=Ranges)
        elif kind == "running" and rest in running:
            _take_up(connection, running[rest], msgspec.json.decode(value, type=_Progress))
    ingest.directory.synced.restore(*facts.synced(connection))
    ingest.directory.restore(facts.states(connection, "learnt/"))
    if "witnesses" in state:
        table = msgspec.json.decode(state["witnesses"], type=list[tuple[tuple[str, str], Sensors]])
        ingest.witnesses.table.update(table)
    ticked = msgspec.json.decode(state.get("ticked", "0"), type=int)
    if "watermarks" in state:
        marks = msgspec.json.decode(state["watermarks"], type=_Marks)
        watermarks.now, watermarks.marks = marks.now, marks.marks
        watermarks.late.update(marks.late)
        watermarks.sources.update(marks.sources)
        watermarks.progress.update(marks.progress)
    if "alive" in state:
        alive = msgspec.json.decode(state["alive"], type=_Alive)
        coverage.alive.update(alive.spans)
        coverage.domains.update((k, set(v)) for k, v in alive.domains)
    ingest.next_id = msgspec.json.decode(state.get("next_id", "1"), type=int)
    if ticked:
        # a rule that came with an upgrade is in force from here on, or its first tick would compute
        # everything that is stored
        for name in running.keys() - {k.removeprefix("running/") for k in state}:
            running[name].begin(watermarks.now + 1)
    return ticked


def take_up(connection: duckdb.DuckDBPyConnection, running: Running) -> None:
    """What one detection has left behind, where it was at work before."""
    value = facts.states(connection, f"running/{running.rule.plan.id}").get("")
    if value is not None:
        _take_up(connection, running, msgspec.json.decode(value, type=_Progress))


def directory_settled(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Up to when the directory was complete at the last tick: FOREVER where it kept up with the
    events, None where there was none.
    """
    states = facts.states(connection, "running/").values()
    marks = [msgspec.json.decode(value, type=_Progress) for value in states]
    if any(mark.settled >= mark.newest > 0 for mark in marks):
        return FOREVER
    return max((mark.settled for mark in marks if mark.settled > 0), default=None)


def _progress(running: Running) -> _Progress:
    now = running.generations[-1]
    return _Progress(
        running.decided, running.settled, running.newest, now.since, now.rule.plan.version,
        _json(now.rule.plan.params), running.owed,
    )  # fmt: skip


def _take_up(connection: duckdb.DuckDBPyConnection, running: Running, progress: _Progress) -> None:
    """Rows and records of one detection. If its version or parameters changed while the engine
    was down, it is in force for later rows only.
    """
    rule = running.rule
    running.decided, running.settled = progress.decided, progress.settled
    running.newest, running.owed = progress.newest, progress.owed
    same = (rule.plan.version, _json(rule.plan.params)) == (progress.version, progress.params)
    running.begin(progress.since if same else progress.newest + 1)
    rows, sums = stored.rows_of(connection, rule.plan.id)
    for statement, row in rows:
        running.rows.put_back(statement, row)
    for episode, sealed_to in sums:
        running.rows.put_back_sealed(episode, sealed_to)
    running.put_back_records(stored.records_of(connection, rule.plan.id, list(running.rows.held)))
    running.suppressed = stored.suppressed(connection, rule.plan.id)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
