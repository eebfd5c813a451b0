"""An alert as people, programs and sinks get it: one JSON object, the same everywhere.

Made from a record, the envelope of its detection and its evidence. Knows no store and no sink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.base import Event
from dsl.schema.enums import CERTAINTY
from engine.event_json import event_dict
from engine.explain import explain
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.envelope import Envelope
    from engine.alert_records import Alert

ROLES: Final = ("actor", "source", "target")
"""Roles that every alert shows by name, null where it has none."""


def alert_dict(
    alert: Alert,
    envelope: Envelope,
    evidence: Sequence[Event | Mapping[str, object]],
) -> dict[str, object]:
    """The alert as JSON-ready values: times ISO 8601 in UTC, bytes as hex.

    `evidence`: the events behind it in order, as events or as the objects copied at the time.
    """
    roles = {name: _plain(value) for name, value in alert.roles.items()}
    events = [event_dict(e) if isinstance(e, Event) else e for e in evidence]
    certainty, resolution = known_by(roles.get("source"), events)
    return {
        "id": alert.id,
        "number": alert.number,
        "detection": alert.detection,
        "version": alert.version,
        "external_id": envelope.external_id,
        "title": envelope.title,
        "severity": alert.severity,
        "confidence": _whole(alert.confidence),
        "kill_chain": envelope.kill_chain,
        "mitre": list(envelope.mitre),
        "first_seen": iso(alert.first_seen),
        "last_seen": iso(alert.last_seen),
        **{name: roles.get(name) for name in ROLES},
        "source_certainty": certainty,
        "source_resolution": resolution,
        "roles": roles,
        "varied": {name: _plain(values) for name, values in alert.varied.items()},
        "explanation": "" if alert.status == "deleted" else explanation(alert, envelope),
        "evidence": events,
        "evidence_count": alert.evidence_count,
        "count": alert.count,
        "overflow": alert.overflow,
        "status": alert.status,
        "verdict": alert.verdict,
        "merged_into": alert.merged_into,
        "aliases": list(alert.aliases),
        "params": {name: _plain(value) for name, value in alert.params.items()},
        "usual": alert.usual,
    }


def known_by(host: object, evidence: Sequence[Mapping[str, object]]) -> tuple[object, object]:
    """(certainty, method) by which a source is known: those of the event that knew it best; None
    where no event has it as its source.
    """
    found = [
        (e.get("certainty"), e.get("resolution"))
        for e in evidence
        if host is not None and e.get("source") == host and e.get("certainty") is not None
    ]
    return min(found, key=lambda f: CERTAINTY.index(str(f[0])), default=(None, None))


def explanation(alert: Alert, envelope: Envelope) -> str:
    """The paragraph a duty officer reads."""
    values: dict[str, object] = {**alert.dedup_values, **alert.roles}
    values |= {
        "first_seen": alert.first_seen,
        "last_seen": alert.last_seen,
        "count": alert.count,
        "evidence_count": alert.evidence_count,
        "severity": alert.severity,
        "confidence": _whole(alert.confidence),
        "title": envelope.title,
        "params": alert.params,
    }
    return explain(envelope.explain, values)


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return [_plain(v) for v in value] if isinstance(value, list) else value
