"""Health: what is wrong with the product, and how it goes."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypedDict

import msgspec

from engine.health.life import Action  # noqa: TC001 - msgspec reads annotations at run time
from engine.lifecycle import RefusedError
from engine.store import health as stored
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.reading import health
from portal.reading.health import Health


class Decided(msgspec.Struct, forbid_unknown_fields=True):
    """A decision about an issue; `subject`: what it is about, as it is listed."""

    subject: str
    action: Action
    note: Annotated[str, msgspec.Meta(max_length=10_000)] = ""


class Stands(TypedDict):
    """How an issue stands then."""

    check: str
    subject: str
    status: str


def _get(asked: Asked[Any]) -> Health:
    return health.stands(asked.sources)


def _decide(asked: Asked[Any]) -> Stands:
    check, decision = str(asked.named["check"]), asked.body
    try:
        with asked.sources.deciding() as desk:
            after = stored.decide(
                desk, check, decision.subject, decision.action, asked.caller.name,
                asked.sources.clock(), decision.note,
            )  # fmt: skip
    except RefusedError as error:
        raise Problem(409, str(error)) from None
    if after is None:
        raise Problem(404, f"there is no issue of `{check}` about `{decision.subject}`")
    return {"check": check, "subject": decision.subject, "status": after.status}


ENDPOINTS: Final = (
    Endpoint("GET", "/health", Permission.ADMINISTER, "How everything stands, and its issues", _get, Health),
    Endpoint("POST", "/health/{check}/decisions", Permission.ADMINISTER, "Decide about an issue", _decide, Stands,
             body=Decided, others=((404, "there is no such issue"), (409, "its state does not allow that"))),
)  # fmt: skip
