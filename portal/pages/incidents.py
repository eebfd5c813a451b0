"""Incidents: alerts that belong together as one story, as a graph and as tables."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException

from portal.access.roles import Permission
from portal.chain import chain
from portal.graph import incident_graph
from portal.languages import Text
from portal.pages.view import Asked, Page, View
from portal.reading import incidents as reading

_SHOWN: Final = 100


def listed(asked: Asked) -> Page:
    """The newest of them."""
    return Page("incidents.html", {"incidents": reading.listed(asked.site.sources, _SHOWN)})


def one(asked: Asked) -> Page:
    """That of an alert, by any of its alerts' numbers."""
    text = asked.arguments["number"]
    known = text.isascii() and text.isdigit() and len(text) < 16
    found = reading.one(asked.site.sources, int(text)) if known else None
    if found is None:
        raise HTTPException(404, Text("this alert stands alone: it shares nobody with another one"))
    values = {
        "incident": found, "chain": chain(found["chain"]), "graph": incident_graph(found),
        "titles": {a["number"]: a["title"] for a in found["chain"]},
    }  # fmt: skip
    return Page("incident.html", values)


VIEWS: Final = (
    View("/incidents", listed, Permission.READ),
    View("/incidents/{number}", one, Permission.READ),
)
