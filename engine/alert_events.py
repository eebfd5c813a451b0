"""Alerts as events, for detections that read the type `alert` (chains, risk of an entity).

One event per alert that stands, made from its record as it is now and replaced when that changes,
so that it does not matter when the alert was opened. `seq` comes from the alert's hash. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.sensor import Alert as AlertEvent

if TYPE_CHECKING:
    from dsl.envelope import Envelope
    from engine.alert_records import Alert
    from engine.alerts import RoleValue

SENSOR: Final = "engine"
_STANDING: Final = frozenset({"open", "closed", "suppressed"})


def alert_event(alert: Alert, envelope: Envelope) -> AlertEvent | None:
    """The event of an alert; None where it was retracted or merged. `ts` is when it became true."""
    if alert.status not in _STANDING:
        return None
    actor, source = _one(alert.roles.get("actor")), _one(alert.roles.get("source"))
    return AlertEvent(
        ts=alert.first_row,
        sensor=SENSOR,
        seq=event_seq(alert.id),
        via="engine",
        primary=True,
        source=source,
        account=actor,
        detection=alert.detection,
        external_id=envelope.external_id,
        severity=alert.severity,
        confidence=round(alert.confidence),
        kill_chain=envelope.kill_chain,
        status=alert.status,
        actor=actor,
        target=_one(alert.roles.get("target")),
        target_host=_one(alert.roles.get("target_host")),
    )


def event_seq(id_: str) -> int:
    """The number of an alert's event: 48 bits of the alert's hash."""
    return int(id_[:12], 16)


def _one(value: RoleValue) -> str | None:
    """A role's value, where it is one name."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return value if isinstance(value, str) else None
