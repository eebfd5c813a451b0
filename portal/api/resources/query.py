"""Queries over events, in SQL that reads and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from portal.access.roles import Permission
from portal.api.endpoint import Asked, Endpoint, Problem
from portal.api.moments import micros
from portal.reading.query import MOST_ROWS, Answer, answered
from portal.reading.relations import answered_relation
from portal.reading.sql.statement import LONGEST, QueryError


class Query(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One SELECT over types of events as tables (`atp schema` lists them). Times are timestamps in UTC,
    addresses text. `since`, `until`: of which time; it is far faster than a condition on `ts`.
    """

    sql: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)] = 1_000
    since: str | None = None
    until: str | None = None


class RelationQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Relations of the detection language, as in a `detect` block without `alert`; the newest rows of the last
    one are the answer. `since`, `until`: when they became true.
    """

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)] = 1_000
    since: str | None = None
    until: str | None = None


def _ask_relation(asked: Asked[Any]) -> Answer:
    query: RelationQuery = asked.body
    since, until = micros("since", query.since), micros("until", query.until)
    try:
        return answered_relation(asked.sources, query.text, query.limit, since, until)
    except QueryError as error:
        raise _problem(query.text, error) from None


def _ask(asked: Asked[Any]) -> Answer:
    query: Query = asked.body
    since, until = micros("since", query.since), micros("until", query.until)
    try:
        return answered(asked.sources, query.sql, query.limit, since, until)
    except QueryError as error:
        raise _problem(query.sql, error) from None


def _problem(text: str, error: QueryError) -> Problem:
    fault: dict[str, object] = {
        "line": error.line, "column": error.column, "message": str(error), "hint": error.hint,
    }  # fmt: skip
    return Problem(400, _shown(text, error), [fault])


def _shown(sql: str, error: QueryError) -> str:
    """As the command line shows errors: the line, a caret, a hint."""
    parts = [str(error)]
    lines = sql.splitlines()
    if 0 < error.line <= len(lines):
        parts += [f"{error.line:>4} | {lines[error.line - 1]}", " " * (6 + error.column) + "^"]
    if error.hint:
        parts.append(f"hint: {error.hint}")
    return "\n".join(parts)


ENDPOINTS: Final = (
    Endpoint("POST", "/query", Permission.READ, "Ask events in SQL", _ask, Answer, body=Query,
             others=((422, "it took too long or too much memory: ask for less"),)),
    Endpoint("POST", "/query/relation", Permission.READ, "Ask events in the detection language", _ask_relation, Answer,
             body=RelationQuery, others=((422, "it took too long or too much memory: ask for less"),)),
)  # fmt: skip
