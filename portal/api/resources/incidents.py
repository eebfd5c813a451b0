"""Incidents: alerts that belong together, with why."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypedDict

import msgspec

from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.reading import incidents
from portal.reading.incidents import IncidentDetail, IncidentLine
from portal.reading.paging import MOST, SOME


class Which(msgspec.Struct, forbid_unknown_fields=True):
    """How many."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST, description="At most so many.")] = SOME


class Listed(TypedDict):
    """Incidents, the one with the newest sign first."""

    incidents: list[IncidentLine]


def _list(asked: Asked[Which]) -> Listed:
    return {"incidents": incidents.listed(asked.sources, asked.query.limit)}


def _get(asked: Asked[Any]) -> IncidentDetail:
    number = int(str(asked.named["number"]))
    found = incidents.one(asked.sources, number)
    if found is None:
        raise Problem(404, f"the alert {number} is in no incident")
    return found


ENDPOINTS: Final = (
    Endpoint("GET", "/incidents", Permission.READ, "Incidents of the newest alerts", _list, Listed, Which),
    Endpoint("GET", "/incidents/{number:int}", Permission.READ, "The incident of an alert, by any of its alerts' numbers", _get,
             IncidentDetail, others=((404, "that alert stands alone, or there is none"),)),
)  # fmt: skip
