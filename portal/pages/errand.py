"""What pages of errands share: asking, and how what was asked stands."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from portal import errands
from portal.languages import Text
from portal.pages.view import SlipError, go

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from portal.pages.view import Asked


def sent(asked: Asked, kind: str, arguments: Mapping[str, object]) -> Response:
    """Ask for an errand, and go to where it is looked at. Raises SlipError."""
    try:
        id_ = errands.ask(asked.site.sources, asked.who.name, kind, arguments)
    except errands.TooManyError as error:
        raise SlipError(Text("That cannot be done: %(why)s.", why=error), 429) from error
    return go(f"{asked.path}?{urlencode({'errand': id_})}")


def looked(
    asked: Asked, key: str, value: object
) -> tuple[errands.Errand | None, dict[str, object]]:
    """The errand that a page was asked to show, if it is about what the page is about (`key` is `value` in
    what was asked), and what its template needs of it.
    """
    id_ = asked.query.get("errand", "")[:64]
    errand = errands.look(asked.site.sources, asked.who.name, id_) if id_ else None
    if errand is not None and errand["asked"].get(key) != value:
        errand = None
    here = f"{asked.path}?{urlencode({'errand': id_})}"
    return errand, {"errand": errand, "gone": bool(id_) and errand is None, "here": here}
