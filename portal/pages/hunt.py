"""Hunting: one question over the stored events, in SQL or in the detection language, as table and chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.durations import parse_duration
from dsl.schema.registry import event_types
from engine.store.reads import ReadError
from portal.access.roles import Permission
from portal.histogram import by_value, over_time
from portal.languages import Text
from portal.pages.view import Asked, Page, View
from portal.reading.completion import suggested
from portal.reading.query import answered
from portal.reading.relations import answered_relation
from portal.reading.sql.statement import QueryError

if TYPE_CHECKING:
    from portal.reading.query import Answer

_MOST: Final = 500
_LONGEST: Final = 20_000
_LANGUAGES: Final = ("sql", "rule")
_PERIODS: Final = ("1h", "1d", "7d", "30d", "365d", "")
"""Back from the newest event; "" for all that is stored."""
_FIRST: Final = {
    "sql": "SELECT ts, account, source, outcome\nFROM kerberos_as\nWHERE outcome <> 'success'\nORDER BY ts DESC\nLIMIT 100",
    "rule": "bad = match kerberos_as where outcome != success\na = window bad by source over 10m\n    compute accounts := count_distinct(account), tries := count()\n    having tries >= 3",
}  # fmt: skip
_ASKED: Final = (
    (Text("Failed sign-ins by source"), "sql", "SELECT source, count(DISTINCT account) AS accounts, count(*) AS tries\nFROM kerberos_as\nWHERE outcome = 'wrong_password'\nGROUP BY source\nORDER BY accounts DESC"),
    (Text("Who searched for service accounts"), "sql", "SELECT ts, source, account, filter\nFROM ldap_search\nWHERE filter ILIKE '%serviceprincipalname%'\nORDER BY ts DESC"),
    (Text("Changes of groups"), "sql", 'SELECT ts, actor, "group", action, member\nFROM group_change\nORDER BY ts DESC'),
    (Text("Sign-ins from hosts that an account never used"), "rule", "usual = profile of kerberos_as by account bucket 1d over 30d learn hosts := set(source)\na = match kerberos_as where outcome == success and not source in usual.hosts and usual.n > 0"),
    (Text("A refusal, then a success"), "rule", "bad = match kerberos_as where outcome == wrong_password\ngood = match kerberos_as where outcome == success\na = sequence by account within 1h: bad then good"),
)  # fmt: skip


def hunt(asked: Asked) -> Page:
    """The box, with a question of those beside it where one was chosen."""
    language = _language(asked.query.get("language", ""))
    return _page(asked, language, asked.query.get("q", _FIRST[language])[:_LONGEST])


def ask(asked: Asked) -> Page:
    """The answer; what the question was stands in the audit log."""
    text, language = _text(asked), _language(asked.form.get("language", ""))
    asked.site.audit(asked.who.name, "query", "events", language, note=text)
    try:
        found = _answered(asked, language, text)
    except QueryError as error:
        return _page(asked, language, text, fault=_told(text, error), status=400)
    except ReadError as error:
        return _page(asked, language, text, fault=str(error), status=400)
    return _page(asked, language, text, found)


def complete(asked: Asked) -> Page:
    """What may stand at the cursor."""
    text = _text(asked)
    at = asked.form.get("at", "")
    cursor = int(at) if at.isascii() and at.isdigit() and len(at) < 7 else len(text)
    in_force = asked.site.sources.status().in_force
    found = suggested(in_force, _language(asked.form.get("language", "")), text, cursor)
    return Page("completions.html", {**found})


def _answered(asked: Asked, language: str, text: str) -> Answer:
    sources = asked.site.sources
    period = parse_duration(_period(asked))
    since = None if period is None else (sources.status().now or sources.clock()) - period
    if language == "rule":
        return answered_relation(sources, text, _MOST, since)
    return answered(sources, text, _MOST, since)


def _text(asked: Asked) -> str:
    """What was asked; browsers end lines with two signs."""
    return asked.form.get("q", "").replace("\r\n", "\n")[:_LONGEST]


def _language(word: str) -> str:
    return word if word in _LANGUAGES else "sql"


def _period(asked: Asked) -> str:
    word = asked.form.get("period", asked.query.get("period", ""))
    return word if word in _PERIODS else ""


def _told(text: str, error: QueryError) -> str:
    """The reason, the line with a caret, and a hint, as the command line shows errors."""
    parts, lines = [str(error)], text.splitlines()
    if 0 < error.line <= len(lines):
        parts += [f"{error.line:>4} | {lines[error.line - 1]}", " " * (6 + error.column) + "^"]
    if error.hint:
        parts.append(f"hint: {error.hint}")
    return "\n".join(parts)


def _page(
    asked: Asked, language: str, text: str, answer: Answer | None = None, fault: str = "",
    status: int = 200,
) -> Page:  # fmt: skip
    values = {
        "text": text, "answer": answer, "fault": fault, "asked": _ASKED, "spoken": language,
        "tables": {name: schema.columns for name, schema in sorted(event_types().items())},
        "period": _period(asked), "periods": _PERIODS, **_charts(asked, answer),
    }  # fmt: skip
    return Page("hunt.html", values, status)


def _charts(asked: Asked, answer: Answer | None) -> dict[str, object]:
    """How many rows over time and by the chosen column, else by the first that is no time."""
    if answer is None or not answer["rows"]:
        return {"times": None, "bars": [], "by": ""}
    names = [column["name"] for column in answer["columns"]]
    pictures = (over_time([row[i] for row in answer["rows"]]) for i in range(len(names)))
    by = asked.form.get("by", "")
    if by not in names:
        by = next((n for n in names if n != "ts"), names[0])
    bars = by_value([row[names.index(by)] for row in answer["rows"]])
    return {"times": next((p for p in pictures if p is not None), None), "bars": bars, "by": by}


VIEWS: Final = (
    View("/hunt", hunt, Permission.READ),
    View("/hunt", ask, Permission.READ, ("POST",)),
    View("/hunt/complete", complete, Permission.READ, ("POST",)),
)
