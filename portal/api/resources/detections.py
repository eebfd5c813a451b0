"""Detections: what they are, whether they work, and what became of their alerts."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec

from portal import errands
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.reading import detections
from portal.reading.detections import DetectionDetail, DetectionLine


class Listed(TypedDict):
    """Detections by id, those switched off too."""

    detections: list[DetectionLine]


def _list(asked: Asked[Any]) -> Listed:
    return {"detections": detections.listed(asked.sources)}


def _get(asked: Asked[Any]) -> DetectionDetail:
    name = str(asked.named["id"])
    found = detections.one(asked.sources, name)
    if found is None:
        raise Problem(404, f"there is no detection `{name}`")
    return found


class Tried(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Other values, over the last `days`. `params`: values as authors write them; `sensitivity`: "" is the
    default.
    """

    days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
    sensitivity: Literal["", "high", "medium", "low"] = ""
    params: dict[str, str] = {}


class Changed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Settings of a detection; what is left out stays as it is. `params` replace all that were set before."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    enabled: bool | None = None
    sensitivity: Literal["", "high", "medium", "low"] | None = None
    params: dict[str, str] | None = None


class Begun(TypedDict):
    """The id of the errand: ask `/errands/{id}` for how it stands."""

    errand: str


def _try(asked: Asked[Any]) -> Begun:
    return _begun(asked, "tryout", {})


def _change(asked: Asked[Any]) -> Begun:
    return _begun(asked, "settings", {"who": asked.caller.name})


def _begun(asked: Asked[Any], kind: str, more: dict[str, object]) -> Begun:
    name = _get(asked)["id"]
    arguments = {**msgspec.structs.asdict(asked.body), **more, "detection": name}
    try:
        return {"errand": errands.ask(asked.sources, asked.caller.name, kind, arguments)}
    except errands.TooManyError as error:
        raise Problem(429, str(error)) from None


_OTHERS: Final = ((404, "there is none of that name"), (429, "too many errands wait"))
ENDPOINTS: Final = (
    Endpoint("GET", "/detections", Permission.READ, "All detections and how they stand", _list, Listed),
    Endpoint("GET", "/detections/{id}", Permission.READ, "A detection with its text", _get, DetectionDetail,
             others=((404, "there is none of that name"),)),
    Endpoint("POST", "/detections/{id}/tryouts", Permission.ADMINISTER, "Try other parameters of a detection over the last days",
             _try, Begun, body=Tried, others=_OTHERS),
    Endpoint("POST", "/detections/{id}/settings", Permission.ADMINISTER, "Switch a detection off or on, or change its parameters",
             _change, Begun, body=Changed, others=_OTHERS),
)  # fmt: skip
