"""Health: what is wrong with the product itself, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from starlette.exceptions import HTTPException

from engine.health.life import Action
from engine.lifecycle import RefusedError
from engine.store.health import decide as decide_issue
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, View, go
from portal.reading import health as reading
from portal.site import now

if TYPE_CHECKING:
    from starlette.responses import Response

_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)


def health(asked: Asked) -> Page:
    """The page."""
    return _page(asked)


def decide(asked: Asked) -> Page | Response:
    """One decision about an issue."""
    form = asked.form
    action = next((a for a in _ACTIONS if a == form.get("action")), None)
    if action is None:
        raise HTTPException(400, Text("there is no such decision"))
    try:
        with asked.site.sources.deciding() as desk:
            stands = decide_issue(
                desk, form.get("check", ""), form.get("subject", ""), action, asked.who.name, now()
            )
    except RefusedError as error:
        return _page(asked, Text("That cannot be done: %(why)s.", why=error), 409)
    if stands is None:
        raise HTTPException(404, Text("there is no such issue"))
    return go("/health")


def _page(asked: Asked, fault: str = "", status: int = 200) -> Page:
    return Page(
        "health.html", {"health": reading.stands(asked.site.sources), "fault": fault}, status
    )


VIEWS: Final = (
    View("/health", health, Permission.ADMINISTER),
    View("/health", decide, Permission.ADMINISTER, ("POST",)),
)
