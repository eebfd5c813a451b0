"""Detections: what is looked for, how it stands, its text, and what of ATT&CK that covers."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from portal.access.roles import Permission
from portal.chain import PHASES
from portal.languages import Text
from portal.pages.view import Asked, Page, View
from portal.reading import alerts, detections

if TYPE_CHECKING:
    from portal.reading.detections import DetectionLine

_SORTS: Final = ("title", "last_fired", "alerts")


def listed(asked: Asked) -> Page:
    """All of them by phase."""
    text = asked.query.get("q", "").strip().lower()[:256]
    every = detections.listed(asked.site.sources)
    found = [d for d in every if text in f"{d['title']} {d['id']} {' '.join(d['mitre'])}".lower()]
    ordered = sorted(found, key=lambda d: (_rank(d["kill_chain"]), d["title"].lower()))
    phases = [(p, list(rows)) for p, rows in groupby(ordered, lambda d: d["kill_chain"])]
    return Page("detections.html", {"phases": phases, "text": text, "total": len(every)})


def one(asked: Asked) -> Page:
    """One, with its text and its alerts."""
    sources, name = asked.site.sources, asked.arguments["name"]
    found = detections.one(sources, name)
    if found is None:
        raise HTTPException(404, Text("there is no such detection"))
    page = alerts.listed(sources, alerts.Wanted(detection=(name,)), 20)
    return Page("detection.html", {"detection": found, "alerts": page["alerts"]})


def matrix(asked: Asked) -> Page:
    """Techniques by phase, each with the detections that look for it."""
    by: dict[str, dict[str, list[DetectionLine]]] = {}
    for one_ in detections.listed(asked.site.sources):
        for technique in one_["mitre"]:
            by.setdefault(one_["kill_chain"], {}).setdefault(technique, []).append(one_)
    columns = [(p, sorted(by[p].items())) for p in sorted(by, key=_rank)]
    return Page("matrix.html", {"columns": columns})


def _rank(phase: str) -> int:
    return PHASES.index(phase) if phase in PHASES else len(PHASES)


VIEWS: Final = (
    View("/detections", listed, Permission.READ),
    View("/detections/attack", matrix, Permission.READ),
    View("/detections/{name}", one, Permission.READ),
)
