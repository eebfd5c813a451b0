"""Detections: what they are, whether they work, and what became of their alerts."""

from __future__ import annotations

from typing import Any, Final, TypedDict

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


ENDPOINTS: Final = (
    Endpoint("GET", "/detections", Permission.READ, "All detections and how they stand", _list, Listed),
    Endpoint("GET", "/detections/{id}", Permission.READ, "A detection with its text", _get, DetectionDetail,
             others=((404, "there is none of that name"),)),
)  # fmt: skip
