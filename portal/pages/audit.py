"""The audit log: who did what, when, and how it stood before and after."""

from __future__ import annotations

from typing import Final

from portal.access.roles import Permission
from portal.pages.view import Asked, Page, View
from portal.reading import audit as reading


def audit(asked: Asked) -> Page:
    """A page of it, newest first."""
    page = reading.listed(asked.site.sources, after=asked.query.get("after"))
    rows = "audit_rows.html" if asked.query.get("after") else "audit.html"
    return Page(rows, {"lines": page["lines"], "more": page["next"]})


VIEWS: Final = (View("/audit", audit, Permission.ADMINISTER),)
