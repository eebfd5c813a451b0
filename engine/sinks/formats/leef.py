r"""LEEF 2.0 (QRadar Log Event Extended Format): a header, then attributes between tabs.

The format has no way to escape: tabs and ends of lines in a value are shown as `\t`, `\n`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.printable import printable
from engine.sinks.formats import SEVERITY
from engine.sinks.formats.parties import milliseconds, party

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def form(change: str, alert: Mapping[str, object], version: str) -> bytes:
    """The alert as LEEF in UTF-8."""
    header = "|".join(
        printable(str(v)).replace("|", "/") for v in ("ATP", "ATP", version, alert["detection"])
    )
    attributes = "\t".join(f"{key}={printable(str(value))}" for key, value in _pairs(change, alert))
    return f"LEEF:2.0|{header}|x09|{attributes}".encode("utf-8", errors="replace")


def _pairs(change: str, alert: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    yield "devTime", milliseconds(alert["last_seen"])
    yield "cat", alert["kill_chain"]
    yield "sev", SEVERITY[str(alert["severity"])]
    actor, source, target = (party(alert[role]) for role in ("actor", "source", "target"))
    told = {
        "usrName": actor.user or source.user or target.user,
        "domain": actor.domain or source.domain or target.domain,
        "src": source.address or actor.address,
        "identHostName": source.host or actor.host,
        "dst": target.address,
        "dstHostName": target.host,
    }
    yield from ((key, value) for key, value in told.items() if value)
    mitre = alert["mitre"]
    yield "alertId", alert["id"]
    yield "title", alert["title"]
    yield "msg", alert["explanation"]
    yield "externalId", alert["external_id"] or ""
    yield "mitre", ",".join(map(str, mitre)) if isinstance(mitre, list) else ""
    yield "eventCount", alert["evidence_count"]
    yield "firstSeen", milliseconds(alert["first_seen"])
    yield "confidence", alert["confidence"]
    yield "status", alert["status"]
    yield "trigger", "new" if change == "opened" else "update"
