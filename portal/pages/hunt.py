"""Hunting: one question in SQL over the stored events, answered as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.registry import event_types
from engine.store.reads import ReadError
from portal.access.roles import Permission
from portal.languages import Text
from portal.pages.view import Asked, Page, View
from portal.reading.query import answered
from portal.reading.sql.statement import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 500
_LONGEST: Final = 20_000
_FIRST: Final = "SELECT ts, account, source, outcome\nFROM kerberos_as\nWHERE outcome <> 'success'\nORDER BY ts DESC\nLIMIT 100"
_ASKED: Final = (
    (Text("Failed sign-ins by source"), "SELECT source, count(DISTINCT account) AS accounts, count(*) AS tries\nFROM kerberos_as\nWHERE outcome = 'wrong_password'\nGROUP BY source\nORDER BY accounts DESC"),
    (Text("Who searched for service accounts"), "SELECT ts, source, account, filter\nFROM ldap_search\nWHERE filter ILIKE '%serviceprincipalname%'\nORDER BY ts DESC"),
    (Text("Changes of groups"), 'SELECT ts, actor, "group", action, member\nFROM group_change\nORDER BY ts DESC'),
)  # fmt: skip


def hunt(asked: Asked) -> Page:
    """The box, with a question of those beside it where one was chosen."""
    return _page(asked.query.get("q", _FIRST)[:_LONGEST])


def ask(asked: Asked) -> Page:
    """The answer; what the question was stands in the audit log."""
    text = asked.form.get("q", "")[:_LONGEST]
    asked.site.audit(asked.who.name, "query", "events", "sql", note=text)
    try:
        found = answered(asked.site.sources, text, _MOST)
    except (QueryError, ReadError) as error:
        return _page(text, fault=str(error), status=400)
    return _page(text, found)


def _page(
    text: str, answer: Mapping[str, object] | None = None, fault: str = "", status: int = 200
) -> Page:
    tables = {name: list(schema.columns) for name, schema in sorted(event_types().items())}
    values = {
        "text": text, "answer": answer, "fault": fault, "tables": tables, "asked": _ASKED,
    }  # fmt: skip
    return Page("hunt.html", values, status)


VIEWS: Final = (
    View("/hunt", hunt, Permission.READ),
    View("/hunt", ask, Permission.READ, ("POST",)),
)
