"""ECS 8.11 (Elastic Common Schema): an alert of a detection rule as one JSON object.

What ECS has no field for stands under `atp`. Evidence is not repeated: the alert's id finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.event_json import json_line
from engine.sinks.formats import SEVERITY
from engine.sinks.formats.parties import Party, parties, party

if TYPE_CHECKING:
    from collections.abc import Mapping


def form(change: str, alert: Mapping[str, object], version: str) -> bytes:
    """The alert as JSON."""
    mitre = alert["mitre"]
    techniques = [str(t) for t in mitre] if isinstance(mitre, list) else []
    found = [p for _, p in parties(alert)]
    whole: dict[str, object] = {
        "@timestamp": alert["last_seen"],
        "ecs": {"version": "8.11.0"},
        "message": alert["explanation"],
        "event": {
            "kind": "alert",
            "category": ["intrusion_detection"],
            "type": ["info"],
            "id": alert["id"],
            "action": change,
            "code": str(alert["external_id"] or alert["detection"]),
            "severity": SEVERITY[str(alert["severity"])],
            "risk_score": alert["confidence"],
            "start": alert["first_seen"],
            "end": alert["last_seen"],
            "module": "atp",
            "dataset": "atp.alert",
        },
        "observer": {"vendor": "ATP", "product": "ATP", "version": version, "type": "ids"},
        "rule": {
            "id": alert["detection"],
            "name": alert["title"],
            "version": str(alert["version"]),
        },
        "threat": {
            "framework": "MITRE ATT&CK",
            "technique": {
                "id": sorted({t.partition(".")[0] for t in techniques if t.startswith("T")}),
                "subtechnique": {"id": [t for t in techniques if "." in t]},
            },
        },
        "related": {
            "user": sorted({p.user for p in found if p.user}),
            "hosts": sorted({p.host for p in found if p.host}),
            "ip": sorted({p.address for p in found if p.address}),
        },
        "atp": {
            name: alert[name]
            for name in (
                "number", "kill_chain", "roles", "varied", "evidence_count", "count", "status",
                "merged_into", "aliases", "params",
            )
        },
    }  # fmt: skip
    actor, source, target = (party(alert[role]) for role in ("actor", "source", "target"))
    user = actor if actor.user else source
    if user.user:
        whole["user"] = {"name": user.user, "domain": user.domain}
    for name, where in (("source", source), ("destination", target)):
        if _place(where):
            whole[name] = _place(where)
    return json_line(whole)


def _place(where: Party) -> dict[str, str]:
    told = {"domain": where.host, "ip": where.address, "address": where.host or where.address}
    return {key: value for key, value in told.items() if value}
