"""What people decided about alerts, carried out on the engine's records.

Closing cuts the episode: rows after it are a new alert, and what is behind one that was found harmless
is learnt from then on. Suppressing keeps quiet what the same entities do, until seven days without it.
Reopening undoes either; an alert that had gone on under a new number is joined with it again. Runs in
the caller's transaction; speaks no SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.alert_records import Change
from engine.lifecycle import ENGINE, HARMLESS
from engine.store import alerts as stored
from engine.store import withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from engine.alert_records import Alert
    from engine.lifecycle import Action, Decision
    from engine.running import Running

_LATE = frozenset({"retracted"})
"""An alert that is not there now: the decision counts where it comes again."""


def carry_out(
    connection: duckdb.DuckDBPyConnection,
    running: Mapping[str, Running],
    decisions: Sequence[Decision],
    now: int,
    next_number: Callable[[], int],
) -> list[Change]:
    """The changes that decisions make. One of an alert that is not this database's does nothing.

    `now`: what is learnt again, or no more, is so from then on (microseconds).
    """
    changes: list[Change] = []
    for decision in decisions:
        record = _record(connection, running, decision)
        if record is None or record.status == "deleted" or decision.action not in ENGINE:
            continue
        _judge(record, decision)
        one = running.get(record.detection)
        if decision.action == "suppress":
            stored.put_suppressed(connection, [record])
        else:
            stored.forget_suppressed(connection, [record])
        if decision.action == "delete":
            stored.forget_evidence(connection, record.number)
        elif record.verdict in HARMLESS:
            withheld.release(connection, record, now)
        else:
            withheld.again(connection, record)
        told = [Change(_kind(decision.action), record)]
        if one is not None:
            told += one.judged(record, next_number)
        stored.put_records(connection, [c.alert for c in told])
        if decision.action == "delete" and (one is None or record.dedup not in one.rows.held):
            stored.forget_deleted(connection, record.detection, [record.dedup])
        changes += told
    return changes


def _record(
    connection: duckdb.DuckDBPyConnection, running: Mapping[str, Running], decision: Decision
) -> Alert | None:
    """The record that a decision is about, or the one that it went into."""
    record = stored.record(connection, decision.number)
    if record is None or decision.id not in (record.id, *record.aliases):
        return None
    while record is not None and record.status == "merged" and record.merged_into is not None:
        if decision.action == "delete":
            break
        record = stored.record(connection, record.merged_into)
    if record is None:
        return None
    one = running.get(record.detection)
    held = one.records.get(record.dedup, ()) if one is not None else ()
    return next((r for r in held if r.number == record.number), record)


def _kind(action: Action) -> Literal["closed", "reopened", "suppressed", "deleted"]:
    if action == "close":
        return "closed"
    if action == "suppress":
        return "suppressed"
    return "deleted" if action == "delete" else "reopened"


def _judge(record: Alert, decision: Decision) -> None:
    if decision.action in ("close", "delete"):
        record.closed_to = record.last_row
        record.verdict = decision.verdict
        if record.status not in _LATE:
            record.status = "closed"
    elif record.status not in _LATE:
        record.status = "suppressed" if decision.action == "suppress" else "open"
    if decision.action in ("reopen", "suppress"):
        record.closed_to = record.verdict = None
    if decision.action == "delete":
        _empty(record)
    record.revision += 1


def _empty(record: Alert) -> None:
    """Nothing stays but what knows its rows again, as long as there are any."""
    record.status = "deleted"
    record.roles, record.varied, record.params = {}, {}, {}
    record.dedup_values, record.aliases, record.usual = {}, [], []
    record.evidence, record.evidence_count, record.count = (), 0, 0
