"""Errands: work that takes longer than a request, asked for elsewhere and looked at here."""

from __future__ import annotations

from typing import Any, Final

from portal import errands
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.errands import Errand


def _get(asked: Asked[Any]) -> Errand:
    found = errands.look(asked.sources, asked.caller.name, str(asked.named["id"]))
    if found is None:
        raise Problem(404, "there is no such errand of this token; answers are kept for an hour")
    return found


ENDPOINTS: Final = (
    Endpoint("GET", "/errands/{id}", Permission.DECIDE, "How an errand that this token asked for stands, and its answer", _get,
             Errand, others=((404, "there is none of that id"),)),
)  # fmt: skip
