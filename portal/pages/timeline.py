"""The timeline: suspected attacks, newest first, along the kill chain, as they come."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from dsl.schema.enums import SEVERITY
from portal.access.roles import Permission
from portal.chain import PHASES, chain
from portal.pages.view import Asked, Page, View
from portal.reading import alerts
from portal.reading.alerts import Wanted

_STATES: Final = ("open", "closed", "suppressed")
_LEVELS: Final = tuple(reversed(SEVERITY))
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def timeline(asked: Asked) -> Page:
    """The list with its filters; the rows behind a mark where `after` asks for them."""
    sources, query = asked.site.sources, asked.query
    wanted = wanted_of(asked)
    page = alerts.listed(sources, wanted, after=query.get("after"))
    days = [(day, list(rows)) for day, rows in groupby(page["alerts"], _day)]
    kept = {k: v for k, v in asked.every.items() if k != "after" and any(v)}
    values: dict[str, object] = {"days": days, "more": page["next"], "kept": kept}
    if query.get("after"):
        return Page("timeline_rows.html", values)
    found = alerts.counts(sources, wanted)
    rules = sources.status().rules
    titles = sorted((r.envelope.title, n) for n, r in rules.items())
    phases = {r.envelope.kill_chain for r in rules.values()}
    values |= {
        "chain": chain(page["alerts"]),
        "wanted": wanted,
        "status": query.get("status", "open"),
        "phase": query.get("phase", ""),
        "entity": query.get("entity", ""),
        "since": query.get("since", ""),
        "until": query.get("until", ""),
        "levels": _LEVELS,
        "states": _STATES,
        "phases": [p for p in PHASES if p in phases],
        "found": found,
        "detections": titles,
        "all": alerts.counts(sources, Wanted())["total"],
    }
    return Page("timeline.html", values)


def wanted_of(asked: Asked) -> Wanted:
    """The filter that a query says; what it says wrongly is left out."""
    query, every = asked.query, asked.every
    status = query.get("status", "open")
    phase, since, until = query.get("phase"), query.get("since", ""), query.get("until", "")
    return Wanted(
        status=(status,) if status in _STATES else (),
        severity=tuple(s for s in every.get("severity", []) if s in SEVERITY),
        tactic=(phase,) if phase else (),
        detection=tuple(d for d in every.get("detection", []) if d),
        entity=query.get("entity", "").strip()[:256] or None,
        since=since if _DAY.fullmatch(since) else None,
        until=f"{until}T23:59:59.999999Z" if _DAY.fullmatch(until) else None,
    )


def _day(alert: alerts.AlertLine) -> str:
    return alert["last_seen"][:10]


VIEWS: Final = (View("/", timeline, Permission.READ),)
