"""Lists and exclusions that detections read."""

from __future__ import annotations

from typing import Any, Final, TypedDict

from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.reading import lists
from portal.reading.lists import ListLine


class Listed(TypedDict):
    """Lists by name."""

    lists: list[ListLine]


def _list(asked: Asked[Any]) -> Listed:
    return {"lists": lists.listed(asked.sources)}


def _get(asked: Asked[Any]) -> ListLine:
    name = asked.named["name"]
    for one in lists.listed(asked.sources):
        if one["name"] == name:
            return one
    raise Problem(404, f"there is no list `{name}`")


ENDPOINTS: Final = (
    Endpoint("GET", "/lists", Permission.READ, "All lists with their entries", _list, Listed),
    Endpoint("GET", "/lists/{name}", Permission.READ, "A list", _get, ListLine, others=((404, "there is none of that name"),)),
)  # fmt: skip
