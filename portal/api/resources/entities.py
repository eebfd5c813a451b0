"""Entities: users, computers and groups, what is known of them and what they did."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec

from dsl.schema.registry import event_types
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.api.moments import micros
from portal.reading import entities, events
from portal.reading.entities import EntityDetail, EntityLine
from portal.reading.events import Activities
from portal.reading.paging import MOST, SOME


class Search(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How names begin."""

    prefix: Annotated[
        str, msgspec.Meta(min_length=1, max_length=256, description="Of its key or name.")
    ]
    kind: Literal["account", "host", "group"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="At most so many.")] = 20


class Span(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which of its events."""

    type: Annotated[
        tuple[str, ...], msgspec.Meta(description="Types of events; may be given again.")
    ] = ()
    since: Annotated[str | None, msgspec.Meta(description="From then on.")] = None
    until: Annotated[str | None, msgspec.Meta(description="Up to then.")] = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST, description="At most so many on a page.")] = (
        SOME
    )
    after: Annotated[str | None, msgspec.Meta(description="`next` of the page before.")] = None


class Found(TypedDict):
    """Entities, those first that matter most."""

    entities: list[EntityLine]


def _search(asked: Asked[Search]) -> Found:
    query = asked.query
    return {"entities": entities.found(asked.sources, query.prefix, query.kind, query.limit)}


def _get(asked: Asked[Any]) -> EntityDetail:
    key = str(asked.named["key"])
    found = entities.one(asked.sources, key)
    if found is None:
        raise Problem(404, f"nothing is known of `{key}`")
    return found


def _activities(asked: Asked[Span]) -> Activities:
    query = asked.query
    unknown = set(query.type) - event_types().keys()
    if unknown:
        raise Problem(400, f"there is no type of events `{min(unknown)}`")
    return events.of_entity(
        asked.sources, str(asked.named["key"]), query.type, micros("since", query.since),
        micros("until", query.until), query.limit, query.after,
    )  # fmt: skip


_SLOW: Final = (422, "it took too long: ask for less")
ENDPOINTS: Final = (
    Endpoint("GET", "/entities", Permission.READ, "Entities whose names begin so", _search, Found, Search, others=(_SLOW,)),
    Endpoint("GET", "/entities/{key}", Permission.READ, "All that is known of an entity", _get, EntityDetail,
             others=((404, "nothing is known by that name"), _SLOW)),
    Endpoint("GET", "/entities/{key}/activities", Permission.READ, "Events in which an entity takes part, newest first",
             _activities, Activities, Span, others=(_SLOW,)),
)  # fmt: skip
