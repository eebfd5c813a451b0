"""Alerts as episodes of rows: a pure function of the set of rows, never of their arrival.

An *episode* is a maximal run of rows with equal dedup values in which each row lies less than D
after the one before (language reference, "Semantics": an alert is an episode). Episodes are
recomputed from the row set, so any split of the same events into batches, in any order, gives the
same episodes with the same hashes. `engine.alert_records` maps them to records with stable numbers.

This module knows no clock, store, plan or template.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema import enums

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Scalar = str | int | float | bool | bytes | None
RoleValue = Scalar | list[Scalar]

SET_CAP: Final = 1_000
"""Most values shown of a set; what lies beyond is said by `overflow`."""
EVIDENCE_CAP: Final = 1_000
EVIDENCE_HEAD: Final = 200
"""Of a longer episode the first 200 and the last 800 events are kept."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One row of an alert statement, as a backend computed it.

    `ts` (microseconds) is when it became true, `tie` breaks equal `ts`, `start` is its earliest
    evidence. `roles`: name -> value, ip as text, bytes as bytes, lists for sets. `severity` and
    `confidence` None mean the envelope's. `dedup`: the values by which rows are one alert, entity
    names already in one case. `evidence`: the first 20 and last 80 event ids in order (all anchors
    of a sequence); `evidence_count` is exact. `overflow`: a set was cut at 1,000 values.
    """

    ts: int
    tie: int
    start: int
    roles: dict[str, RoleValue]
    severity: str | None
    confidence: float | None
    dedup: tuple[RoleValue, ...]
    evidence: tuple[int, ...]
    evidence_count: int
    overflow: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    """Rows of equal dedup values less than D apart, summed up.

    `anchor` = (ts, tie) of its first row, `last` its newest row's ts, `first_seen` the earliest
    `start`. `roles` are the newest row's; list roles are united over all rows (sorted, capped).
    `varied` holds, for other roles that changed, all values seen. `severity` and `confidence` are
    maxima. `evidence_count` is exact where all rows are `whole`: carry the ids of all their events;
    else it is the larger of the ids known and the greatest count of a row.
    """

    dedup: tuple[RoleValue, ...]
    anchor: tuple[int, int]
    first_seen: int
    last: int
    count: int
    roles: dict[str, RoleValue]
    severity: str | None
    confidence: float | None
    evidence: tuple[int, ...]
    evidence_count: int
    overflow: bool
    whole: bool
    varied: dict[str, list[Scalar]] = field(default_factory=dict)


def dedup_key(values: tuple[RoleValue, ...]) -> bytes:
    """A hashable, stable form of dedup values; a list counts as the set of its members."""
    plain = [sorted({msgspec.msgpack.encode(v) for v in value}) if isinstance(value, list) else value for value in values]  # fmt: skip
    return msgspec.msgpack.encode(plain)


def alert_id(detection: str, version: int, dedup: bytes, anchor: tuple[int, int]) -> str:
    """The id of an episode: 32 hex digits. `dedup` as `dedup_key` gives it.

    Of the anchor only the time counts: episodes of one dedup value never share it, and the tie
    holds the sensor's name, which a replay of the same packets need not have.
    """
    whole = msgspec.msgpack.encode((detection, version, dedup, anchor[0]))
    return hashlib.sha256(whole).hexdigest()[:32]


def severity_rank(severity: str | None) -> int:
    """Position in the order informational < low < medium < high; -1 for none."""
    return enums.SEVERITY.index(severity) if severity in enums.SEVERITY else -1


def order(row: AlertRow) -> tuple[int, int, int, bytes]:
    """Total order of rows that does not depend on their arrival."""
    return row.ts, row.tie, row.start, _encoded_roles(row)


def _encoded_roles(row: AlertRow) -> bytes:
    return msgspec.msgpack.encode(sorted(row.roles.items()))


def episodes(rows: Iterable[AlertRow], dedup_us: int, cuts: Sequence[int] = ()) -> list[Episode]:
    """The episodes of a set of rows, by dedup values, then in time.

    `dedup_us` is D in microseconds: rows exactly D apart are two episodes. With D = 0 each instant
    is an episode of its own. `cuts`: times after which rows belong to another episode, however near
    they are.
    """
    by_key: dict[bytes, list[AlertRow]] = {}
    for row in rows:
        by_key.setdefault(dedup_key(row.dedup), []).append(row)
    found = []
    for key in sorted(by_key):
        members = sorted(by_key[key], key=order)
        begin = 0
        for i in range(1, len(members) + 1):
            if i < len(members) and _together(members[i - 1], members[i], dedup_us, cuts):
                continue
            found.append(_sum_up(members[begin:i]))
            begin = i
    return found


def connected(blocks: Iterable[Episode], dedup_us: int, cuts: Sequence[int] = ()) -> list[Episode]:
    """Episodes of one dedup value joined where they lie less than D apart and no cut parts them.

    With it rows that can no longer change may be summed up early: the episodes of all rows are the
    connected episodes of any parts of them.
    """
    joined: list[Episode] = []
    for block in sorted(blocks, key=lambda b: b.anchor):
        near = joined and block.anchor[0] - joined[-1].last < max(dedup_us, 1)
        if near and not _parted(joined[-1].last, block.anchor[0], cuts):
            joined[-1] = _combined(joined[-1], block)
        else:
            joined.append(block)
    return joined


def _combined(a: Episode, b: Episode) -> Episode:
    """Two neighbours as one; `a` begins earlier."""
    older, newer = (a, b) if a.last <= b.last else (b, a)
    roles: dict[str, RoleValue] = {}
    varied: dict[str, list[Scalar]] = {}
    cut = False
    for name in dict.fromkeys((*newer.roles, *older.roles)):
        values = [e.roles[name] for e in (older, newer) if name in e.roles]
        seen = {v for e in (older, newer) for v in e.varied.get(name, ())}
        for value in values:
            seen.update(value if isinstance(value, list) else (value,))
        seen.discard(None)
        shown = sorted(seen, key=_sortable)
        cut |= len(shown) > SET_CAP
        if any(isinstance(v, list) for v in values):
            roles[name] = shown[:SET_CAP]
            continue
        told = [v for v in values if v is not None]
        roles[name] = told[-1] if told else None
        if len(shown) > 1:
            varied[name] = shown[:SET_CAP]
    confidences = [e.confidence for e in (a, b) if e.confidence is not None]
    both = list(dict.fromkeys((*a.evidence, *b.evidence)))
    whole = a.whole and b.whole
    common = len(a.evidence) + len(b.evidence) - len(both)
    apart = a.evidence_count + b.evidence_count - common
    known = max(a.evidence_count, b.evidence_count, len(both))
    return Episode(
        dedup=newer.dedup,
        anchor=a.anchor,
        first_seen=min(a.first_seen, b.first_seen),
        last=newer.last,
        count=a.count + b.count,
        roles=roles,
        severity=max((a.severity, b.severity), key=severity_rank),
        confidence=max(confidences) if confidences else None,
        evidence=tuple(_ends(both)),
        evidence_count=apart if whole else known,
        overflow=cut or a.overflow or b.overflow,
        whole=whole,
        varied=varied,
    )


def _together(earlier: AlertRow, later: AlertRow, dedup_us: int, cuts: Sequence[int]) -> bool:
    # Rows of one instant are never told apart by a window of no length.
    near = later.ts == earlier.ts or later.ts - earlier.ts < dedup_us
    return near and not _parted(earlier.ts, later.ts, cuts)


def _parted(earlier: int, later: int, cuts: Sequence[int]) -> bool:
    return any(earlier <= cut < later for cut in cuts)


def _sum_up(rows: Sequence[AlertRow]) -> Episode:
    first, newest = rows[0], rows[-1]
    roles, varied, cut = _united_roles(rows)
    confidences = [r.confidence for r in rows if r.confidence is not None]
    evidence = list(dict.fromkeys(id_ for row in rows for id_ in row.evidence))
    return Episode(
        dedup=newest.dedup,
        anchor=(first.ts, first.tie),
        first_seen=min(r.start for r in rows),
        last=newest.ts,
        count=len(rows),
        roles=roles,
        severity=max((r.severity for r in rows), key=severity_rank),
        confidence=max(confidences) if confidences else None,
        evidence=tuple(_ends(evidence)),
        evidence_count=max(len(evidence), *(r.evidence_count for r in rows)),
        overflow=cut or any(r.overflow for r in rows),
        whole=all(r.evidence_count <= len(r.evidence) for r in rows),
        varied=varied,
    )


def _ends(ids: list[int]) -> list[int]:
    if len(ids) <= EVIDENCE_CAP:
        return ids
    return ids[:EVIDENCE_HEAD] + ids[-(EVIDENCE_CAP - EVIDENCE_HEAD) :]


def _united_roles(
    rows: Sequence[AlertRow],
) -> tuple[dict[str, RoleValue], dict[str, list[Scalar]], bool]:
    """Roles to show, the other values of those that changed, and whether something was cut."""
    roles: dict[str, RoleValue] = {}
    varied: dict[str, list[Scalar]] = {}
    overflow = False
    for name in dict.fromkeys(name for row in reversed(rows) for name in row.roles):
        values = [row.roles[name] for row in rows if name in row.roles]
        listed = any(isinstance(v, list) for v in values)
        seen: set[Scalar] = set()
        for value in values:
            seen.update(value if isinstance(value, list) else (value,))
        seen.discard(None)
        shown = sorted(seen, key=_sortable)
        overflow |= len(shown) > SET_CAP
        if listed:
            roles[name] = shown[:SET_CAP]
            continue
        # A statement that does not know a role must not blank what another one found.
        known = [v for v in values if v is not None]
        roles[name] = known[-1] if known else None
        if len(shown) > 1:
            varied[name] = shown[:SET_CAP]
    return roles, varied, overflow


def _sortable(value: Scalar) -> tuple[str, str | int | float | bytes]:
    if isinstance(value, str):
        return "text", value
    if isinstance(value, bytes):
        return "bytes", value
    return "number", value or 0
