"""The audit log: who did what, when, and how it stood before and after."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint
from portal.reading import audit
from portal.reading.audit import AuditPage
from portal.reading.paging import MOST, SOME


class Page(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which page of it."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST, description="At most so many on a page.")] = (
        SOME
    )
    after: Annotated[str | None, msgspec.Meta(description="`next` of the page before.")] = None


def _list(asked: Asked[Page]) -> AuditPage:
    return audit.listed(asked.sources, asked.query.limit, asked.query.after)


ENDPOINTS: Final = (
    Endpoint("GET", "/audit", Permission.ADMINISTER, "The audit log, newest first", _list, AuditPage, Page),
)  # fmt: skip
