"""Entities: search with suggestions, the card beside a name, and all that is known of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from engine.paths.found import find
from engine.store.reads import ReadError
from portal.access.roles import Permission
from portal.graph import graph, steps
from portal.languages import Text
from portal.pages.rendering import kind_of
from portal.pages.view import Asked, Page, View
from portal.reading import alerts, entities, events
from portal.reading import usual as reading_usual
from portal.week import week

if TYPE_CHECKING:
    from portal.reading.entities import EntityDetail, EntityLine

_SUGGESTED: Final = 8
_FOUND: Final = 100
_PATHS: Final = 12
_PATHS_S: Final = 3.0
_KINDS: Final = ("account", "host", "group")


def search(asked: Asked) -> Page:
    """What a text finds."""
    text, kind = asked.query.get("q", "").strip()[:256], asked.query.get("kind", "")
    kind = kind if kind in _KINDS else ""
    found = _by_text(asked, text, kind, _FOUND)
    values = {"text": text, "kind": kind, "kinds": _KINDS, "found": found, "most": _FOUND}
    return Page("entities.html", values)


def suggest(asked: Asked) -> Page:
    """The first of them, while a text is typed."""
    text = asked.query.get("q", "").strip()[:256]
    found = _by_text(asked, text, "", _SUGGESTED) if text else []
    return Page("suggestions.html", {"found": found, "text": text})


def entity(asked: Asked) -> Page:
    """All that is known of one."""
    sources = asked.site.sources
    known, name = _one(asked)
    kinds = [k for k in asked.every.get("type", []) if k]
    tab = asked.query.get("tab", "activities")
    values: dict[str, object] = {
        "entity": known, "tab": tab, "kind": known["kind"], "of": name,
        "alerts": alerts.listed(sources, alerts.Wanted(entity=name))["alerts"],
        "activities": {"events": [], "next": None}, "fault": "", "graph": [], "ways": 0, "steps": [],
    }  # fmt: skip
    try:
        if tab == "paths":
            values |= _paths(asked, name)
        elif tab == "activities":
            values["activities"] = events.of_entity(
                sources, name, kinds, after=asked.query.get("after")
            )
    except ReadError as error:
        values["fault"] = str(error)
    return Page("entity_rows.html" if asked.query.get("after") else "entity.html", values)


def usual(asked: Asked) -> Page:
    """What is usual of one: the part of its page that reads four weeks, and comes after it."""
    name = _name(asked)
    try:
        found, fault = reading_usual.of_entity(asked.site.sources, name), ""
    except ReadError as error:
        found, fault = None, str(error)
    hours = week(found["hours"], asked.language) if found else None
    return Page("usual.html", {"of": name, "usual": found, "week": hours, "fault": fault})


def card(asked: Asked) -> Page:
    """What stands beside its name when one looks at it."""
    known, name = _one(asked)
    return Page("card.html", {"entity": known, "of": name, "kind": kind_of(name)})


def _one(asked: Asked) -> tuple[EntityDetail, str]:
    name = _name(asked)
    known = entities.one(asked.site.sources, name)
    if known is None:
        raise HTTPException(404, Text("nothing is known by this name"))
    return known, name


def _name(asked: Asked) -> str:
    return asked.query.get("name", "").strip().lower()[:1024]


def _by_text(asked: Asked, text: str, kind: str, most: int) -> list[EntityLine]:
    return entities.found(asked.site.sources, text, kind or None, most)


def _paths(asked: Asked, name: str) -> dict[str, object]:
    """Ways to the entity, if it is an account, as a graph."""
    sources = asked.site.sources
    at = sources.status().now or sources.clock()
    with sources.reads.reading(_PATHS_S) as cursor:
        found = find(cursor, at, to=name, most=_PATHS)
    return {"graph": graph(found.ways, name), "ways": found.reaching, "steps": steps(found.ways)}


VIEWS: Final = (
    View("/entities", search, Permission.READ),
    View("/suggest", suggest, Permission.READ),
    View("/entity", entity, Permission.READ),
    View("/entity/usual", usual, Permission.READ),
    View("/entity/card", card, Permission.READ),
)
