"""Exclusions that would have kept an alert away: looked for, and put in force."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypedDict

import msgspec

from portal import errands
from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.reading import alerts


class Exclude(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`choose`: which of the exclusions found, from 1, else the narrowest that nothing speaks against. With
    `apply` it is put in force and the alert closed as a false positive: that needs the other three.
    """

    choose: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    apply: bool = False
    owner: Annotated[str, msgspec.Meta(max_length=200)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    expires: Annotated[str, msgspec.Meta(max_length=20, description="`90d`, or a day.")] = ""


class Begun(TypedDict):
    """The id of the errand: ask `/errands/{id}` for how it stands."""

    errand: str


def _exclude(asked: Asked[Any]) -> Begun:
    number, body = int(str(asked.named["number"])), asked.body
    if alerts.one(asked.sources, number) is None:
        raise Problem(404, f"there is no alert {number}")
    if body.apply and not (body.owner.strip() and body.reason.strip() and body.expires.strip()):
        raise Problem(400, "to apply it needs `owner`, `reason` and `expires`")
    arguments = {**msgspec.structs.asdict(body), "alert": number, "who": asked.caller.name}
    try:
        return {"errand": errands.ask(asked.sources, asked.caller.name, "exclude", arguments)}
    except errands.TooManyError as error:
        raise Problem(429, str(error)) from None


ENDPOINTS: Final = (
    Endpoint("POST", "/alerts/{number:int}/exclusions", Permission.DECIDE, "Look for exclusions of an alert, or put one in force",
             _exclude, Begun, body=Exclude,
             others=((404, "there is none of that number"), (429, "too many errands wait"))),
)  # fmt: skip
