"""OCSF 1.3 (Open Cybersecurity Schema Framework): a Detection Finding, class 2004, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.event_json import json_line
from engine.sinks.formats.parties import milliseconds, parties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.sinks.formats.parties import Party

_SEVERITY: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4}
_CLASS: Final = 2004
_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_NEW, _SUPPRESSED, _RESOLVED = 1, 3, 4
_HOSTNAME, _ADDRESS, _USER = 1, 2, 4
"""Types of observables."""


def form(change: str, alert: Mapping[str, object], version: str) -> bytes:
    """The alert as JSON. Times are milliseconds."""
    status = {"closed": _RESOLVED, "suppressed": _SUPPRESSED}.get(str(alert["status"]), _NEW)
    activity = _CREATE if change == "opened" else _CLOSE if status == _RESOLVED else _UPDATE
    mitre = alert["mitre"]
    whole = {
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "category_uid": _CLASS // 1000,
        "category_name": "Findings",
        "activity_id": activity,
        "type_uid": _CLASS * 100 + activity,
        "time": milliseconds(alert["last_seen"]),
        "start_time": milliseconds(alert["first_seen"]),
        "end_time": milliseconds(alert["last_seen"]),
        "severity_id": _SEVERITY[str(alert["severity"])],
        "status_id": status,
        "confidence_score": int(float(str(alert["confidence"]))),
        "count": alert["evidence_count"],
        "is_alert": True,
        "message": alert["explanation"],
        "metadata": {
            "version": "1.3.0",
            "product": {"name": "ATP", "vendor_name": "ATP", "version": version},
            "profiles": ["security_control"],
            "event_code": str(alert["external_id"] or ""),
        },
        "finding_info": {
            "uid": alert["id"],
            "title": alert["title"],
            "desc": alert["explanation"],
            "types": [alert["kill_chain"]],
            "first_seen_time": milliseconds(alert["first_seen"]),
            "last_seen_time": milliseconds(alert["last_seen"]),
            "analytic": {
                "uid": alert["detection"],
                "name": alert["title"],
                "type_id": 1,
                "version": str(alert["version"]),
            },
            "attacks": [_attack(str(t)) for t in mitre] if isinstance(mitre, list) else [],
        },
        "observables": [o for role, p in parties(alert) for o in _observables(role, p)],
        "unmapped": {
            name: alert[name] for name in ("number", "roles", "varied", "merged_into", "params")
        },
    }
    return json_line(whole)


def _attack(technique: str) -> dict[str, object]:
    key = "tactic" if technique.startswith("TA") else "technique"
    if "." in technique:
        return {
            "technique": {"uid": technique.partition(".")[0]},
            "sub_technique": {"uid": technique},
        }
    return {key: {"uid": technique}}


def _observables(role: str, party: Party) -> Iterator[dict[str, object]]:
    user = f"{party.user}@{party.domain}" if party.user else None
    for type_id, value in ((_HOSTNAME, party.host), (_ADDRESS, party.address), (_USER, user)):
        if value:
            yield {"name": f"roles.{role}", "type_id": type_id, "value": value}
