"""Alert records: episodes with a public number, and what changed about them.

An episode's hash moves when a late row precedes it; two episodes become one when a late row
bridges them; an episode vanishes when a late event contradicts an absence. A record outlives all
of that: `reconcile` finds for each episode the record it continues. Pure: knows no store or clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from engine.alerts import RoleValue, Scalar, alert_id, dedup_key, severity_rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.alerts import Episode
    from engine.usual import Usual

Status = Literal["open", "closed", "suppressed", "deleted", "retracted", "merged"]
"""`closed`, `suppressed` and `deleted` are people's word; a `deleted` one is kept without its content,
so that the rows it was made of do not make it again.
"""
Verdict = Literal["true_positive", "benign", "false_positive"]
"""What people found an alert to be. Benign: it happened as told, and nothing is wrong with it."""


class Alert(msgspec.Struct, kw_only=True):
    """What people see. Times in microseconds; `confidence` 0..100.

    `number` is the stable public number, `id` the hash of the episode now, `aliases` the hashes it
    had before. `revision` grows with every change. `dedup_values` are the dedup columns by name. `first_row`, `last_row` bound the rows' ts. `params` are those of the newest row.
    A `merged` record names the number it went into. `verdict`: of one that people have closed.
    `closed_to`: rows after this time are no longer its own, for people closed or deleted it then.
    `usual`: what profiles knew when it was raised (`engine.usual`).
    """

    number: int
    id: str
    detection: str
    version: int
    dedup: bytes
    dedup_values: dict[str, RoleValue]
    first_row: int
    last_row: int
    first_seen: int
    last_seen: int
    count: int
    severity: str
    confidence: float
    roles: dict[str, RoleValue]
    varied: dict[str, list[Scalar]]
    evidence: tuple[int, ...]
    evidence_count: int
    overflow: bool
    params: dict[str, Scalar]
    status: Status = "open"
    aliases: list[str] = msgspec.field(default_factory=list)
    merged_into: int | None = None
    revision: int = 1
    verdict: Verdict | None = None
    closed_to: int | None = None
    usual: list[Usual] = msgspec.field(default_factory=list)


class Change(msgspec.Struct, frozen=True):
    """One change of one alert. `raised`: severity or confidence went up (notify again)."""

    kind: Literal[
        "opened", "updated", "merged", "retracted", "closed", "reopened", "suppressed", "deleted"
    ]
    alert: Alert
    raised: bool = False


REARM_US: Final = 7 * 24 * 3_600 * 1_000_000
"""What people suppressed is told again once it was not seen for so long."""


class Envelope(msgspec.Struct, frozen=True):
    """What all alerts of a detection share: names of the dedup columns, D in microseconds, and the
    values of the parameters in force for new rows.
    """

    detection: str
    version: int
    params: dict[str, Scalar]
    dedup_names: tuple[str, ...] = ()
    dedup_us: int = 0


def reconcile(
    records: Sequence[Alert],
    found: Iterable[Episode],
    envelope: Envelope,
    next_number: Callable[[], int],
    suppressed: int | None = None,
) -> list[Change]:
    """Bring the records of one detection and one dedup value in line with its episodes.

    `records` are changed in place; new ones are in the answer. The same episodes give the same
    ids whatever happened before; numbers and aliases tell the history. `suppressed`: when what
    people suppressed was last seen, if they did: what begins less than `REARM_US` later is, too.
    """
    changes: list[Change] = []
    continued: list[Alert] = []
    ordered = sorted(found, key=lambda e: e.anchor)
    partners = _partners(records, ordered, envelope)
    for episode in ordered:
        id_ = _id(episode, envelope)
        record = partners.get(episode.anchor)
        if record is None:
            record = _new(id_, episode, envelope, next_number())
            if suppressed is not None and episode.anchor[0] - suppressed < REARM_US:
                record.status = "suppressed"
            changes.append(Change("opened", record))
        else:
            change = _bring_up(record, id_, episode, envelope)
            if change is not None:
                changes.append(change)
        if record.status == "suppressed":
            suppressed = max(record.last_row, suppressed or 0)
        continued.append(record)
    matched = {r.number for r in continued}
    ended = [
        _end(record, continued)
        for record in records
        if record.number not in matched and record.status not in ("merged", "retracted", "deleted")
    ]
    return changes + ended


def _id(episode: Episode, envelope: Envelope) -> str:
    return alert_id(envelope.detection, envelope.version, dedup_key(episode.dedup), episode.anchor)


def _partners(
    records: Sequence[Alert], ordered: Sequence[Episode], envelope: Envelope
) -> dict[tuple[int, int], Alert]:
    """The record each episode continues, by its anchor.

    The older of those it overlaps, living ones first; else one less than D away, for a late event
    may move a row as a whole; else one that had been merged away under this very hash.
    """
    found: dict[tuple[int, int], Alert] = {}
    free = {r.number: r for r in records}
    for reach in (1, max(envelope.dedup_us, 1), None):
        for episode in ordered:
            if episode.anchor in found:
                continue
            if reach is None:
                id_ = _id(episode, envelope)
                fitting = [r for r in free.values() if r.id == id_]
            else:
                fitting = [
                    r
                    for r in free.values()
                    if r.status != "merged"
                    and (r.closed_to is None or episode.anchor[0] <= r.closed_to)
                    and r.first_row - episode.last < reach
                    and episode.anchor[0] - r.last_row < reach
                ]
            if fitting:
                best = min(fitting, key=lambda r: (r.status == "retracted", r.number))
                found[episode.anchor] = free.pop(best.number)
    return found


def _new(id_: str, episode: Episode, envelope: Envelope, number: int) -> Alert:
    severity, confidence = _rated(episode)
    return Alert(
        number=number,
        id=id_,
        detection=envelope.detection,
        version=envelope.version,
        dedup=dedup_key(episode.dedup),
        dedup_values=dict(zip(envelope.dedup_names, episode.dedup, strict=False)),
        first_row=episode.anchor[0],
        last_row=episode.last,
        first_seen=episode.first_seen,
        last_seen=episode.last,
        count=episode.count,
        severity=severity,
        confidence=confidence,
        roles=episode.roles,
        varied=episode.varied,
        evidence=episode.evidence,
        evidence_count=episode.evidence_count,
        overflow=episode.overflow,
        params=envelope.params,
    )


def _bring_up(record: Alert, id_: str, episode: Episode, envelope: Envelope) -> Change | None:
    if record.status == "deleted":
        record.first_row, record.last_row = episode.anchor[0], episode.last
        return None
    before = _shown(record)
    severity, confidence = _rated(episode)
    again = record.status in ("retracted", "merged")
    raised = severity_rank(severity) > severity_rank(record.severity)
    raised = raised or confidence > record.confidence
    if episode.last > record.last_row:
        record.params = envelope.params
    if id_ != record.id:
        if record.id not in record.aliases:
            record.aliases.append(record.id)
        record.id = id_
    if id_ in record.aliases:
        record.aliases.remove(id_)
    record.first_row, record.last_row = episode.anchor[0], episode.last
    record.first_seen, record.last_seen = episode.first_seen, episode.last
    record.count, record.severity, record.confidence = episode.count, severity, confidence
    record.roles, record.varied = episode.roles, episode.varied
    record.evidence, record.evidence_count = episode.evidence, episode.evidence_count
    record.overflow = episode.overflow
    if again:
        record.status = "open" if record.closed_to is None else "closed"
        record.merged_into = None
    elif _shown(record) == before:
        return None
    record.revision += 1
    return Change("opened" if again else "updated", record, raised)


def _end(record: Alert, continued: Sequence[Alert]) -> Change:
    """A record without an episode: merged into the one that took its rows, else retracted."""
    heir = next(
        (a for a in continued if a.first_row <= record.last_row and record.first_row <= a.last_row),
        None,
    )
    record.revision += 1
    if heir is None:
        record.status = "retracted"
        return Change("retracted", record)
    record.status, record.merged_into = "merged", heir.number
    if record.id != heir.id and record.id not in heir.aliases:
        heir.aliases.append(record.id)
    return Change("merged", record)


def _rated(episode: Episode) -> tuple[str, float]:
    """Rows carry both by now; a row without says nothing loud."""
    return episode.severity or "informational", episode.confidence or 0.0


def _shown(record: Alert) -> bytes:
    return msgspec.msgpack.encode(record)
