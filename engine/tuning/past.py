"""What a detection has told so far: alerts with their rows, by the store and by its records.

Rows are computed anew over the stored events, so that it is exact what an exclusion would have left
of an alert. An alert whose events are no longer stored stands with the roles it was told with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.alerts import AlertRow, alert_id, dedup_key, episodes
from engine.store import alerts as stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from engine.alert_records import Alert, Verdict
    from engine.models.at_hand import Models
    from engine.running import CompiledDetection, Rule

_GONE = frozenset({"merged", "retracted"})


@dataclass(frozen=True, slots=True)
class PastAlert:
    """An alert and its rows in order. `ids`: its hash now and before; `number` and `verdict` where
    the store has a record of it.
    """

    ids: tuple[str, ...]
    rows: tuple[AlertRow, ...]
    severity: str
    number: int | None = None
    verdict: Verdict | None = None

    @property
    def evidence(self) -> frozenset[int]:
        """Ids of the events behind it, as far as its rows carry them."""
        return frozenset(i for row in self.rows for i in row.evidence)


def past_alerts(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    compiled: CompiledDetection,
    period: tuple[int, int],
    models: Models | None = None,
) -> list[PastAlert]:
    """All alerts of a detection with a row in the period, in order; the recorded ones before it.
    `models`: trained models; None: they are trained from the stored events.
    """
    gap = max((alert.dedup for alert in rule.plan.alerts), default=0)
    rows: dict[bytes, list[AlertRow]] = {}
    for alert in compiled.alerts:
        for row in alert.rows(connection, period[0] - gap, period[1], models=models):
            rows.setdefault(dedup_key(row.dedup), []).append(row)
    records = [
        r
        for r in stored.all_records(connection)
        if r.detection == rule.plan.id and r.status not in _GONE
    ]
    found = []
    for key, held in rows.items():
        for part in _parts(held, gap):
            if part[-1].ts < period[0]:
                continue
            record = _taken(records, key, part)
            found.append(_alert(rule, key, part, record))
    found += [_recorded(record) for record in records]
    return sorted(found, key=lambda a: (a.rows[0].ts, a.ids))


def _parts(rows: Sequence[AlertRow], gap: int) -> Iterator[tuple[AlertRow, ...]]:
    """The rows of each episode, in order."""
    ordered = sorted(rows, key=lambda r: (r.ts, r.tie))
    begin = 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i].ts - ordered[i - 1].ts >= gap:
            yield tuple(ordered[begin:i])
            begin = i


def _taken(records: list[Alert], key: bytes, part: Sequence[AlertRow]) -> Alert | None:
    for record in records:
        if (
            record.dedup == key
            and record.first_row <= part[-1].ts
            and part[0].ts <= record.last_row
        ):
            records.remove(record)
            return record
    return None


def _alert(rule: Rule, key: bytes, part: tuple[AlertRow, ...], record: Alert | None) -> PastAlert:
    (episode,) = episodes(part, max(part[-1].ts - part[0].ts + 1, 1))
    ids = [alert_id(rule.plan.id, rule.plan.version, key, episode.anchor)]
    severity = episode.severity or rule.envelope.severity
    if record is None:
        return PastAlert(tuple(ids), part, severity)
    ids += [record.id, *record.aliases]
    return PastAlert(
        tuple(dict.fromkeys(ids)), part, record.severity, record.number, record.verdict
    )


def _recorded(record: Alert) -> PastAlert:
    row = AlertRow(
        ts=record.first_row, tie=0, start=record.first_seen, roles=record.roles,
        severity=record.severity, confidence=record.confidence, dedup=(),
        evidence=record.evidence, evidence_count=record.evidence_count,
    )  # fmt: skip
    return PastAlert(
        (record.id, *record.aliases), (row,), record.severity, record.number, record.verdict
    )
