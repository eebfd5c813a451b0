"""A query as people wrote it, checked and made anew: one SELECT over events, or a reason with its place."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from dsl.schema.registry import event_types
from portal.reading.sql.allowed import NODES, ROOTS, TYPES
from portal.reading.sql.views import VIEW, view

LONGEST: Final = 20_000
DEEPEST: Final = 60
"""Brackets within one another."""
_OWN: Final = "own "
"""Before names of a query's own: no table is named so, whatever they are."""


class QueryError(ValueError):
    """A query that is not run: why, and where in its text (from 1 on; 0: nowhere in particular)."""

    def __init__(self, message: str, line: int = 0, column: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Statement:
    """`sql` has the parameters $low, $high and $most: ts from, to (microseconds), and rows."""

    sql: str
    events: tuple[str, ...]


def statement(text: str) -> Statement:
    """What is run for a query. Raises QueryError."""
    if len(text) > LONGEST:
        raise QueryError(f"the query has more than {LONGEST:,} characters")
    _refuse_deep(text)
    try:
        tree = _parsed(text)
        events = _checked(tree)
        body = tree.sql(dialect="duckdb", identify=True, comments=False)
        _parsed(body)  # what is no SQL is sometimes read, and never runs
    except RecursionError:
        raise QueryError("the query is nested too deep") from None
    except SqlglotError as error:
        raise QueryError(f"the query cannot be read: {_first(error)}") from None
    views = ", ".join(f'"{VIEW}{name}" AS ({view(name)})' for name in events)
    before = f"WITH {views} " if views else ""
    # what is not used of a parameter would be refused
    unused = "" if views else " WHERE $low <= $high"
    made = f"{before}SELECT * FROM ({body}){unused} LIMIT $most"  # noqa: S608  # checked above
    return Statement(made, events)


def _refuse_deep(text: str) -> None:
    depth = 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
            if depth > DEEPEST:
                line = text.count("\n", 0, at) + 1
                raise QueryError("the query is nested too deep", line, at - text.rfind("\n", 0, at))
        elif character in ")]}":
            depth -= 1


def _parsed(text: str) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]
    except ParseError as error:
        at = error.errors[0] if error.errors else {}
        told = str(at.get("description") or "this is no SQL").rstrip(".")
        raise QueryError(told, int(at.get("line") or 0), int(at.get("col") or 0)) from None
    if not trees:
        raise QueryError("the query is empty")
    if len(trees) > 1:
        raise QueryError("there is more than one statement", hint="send them one by one")
    (tree,) = trees
    if type(tree) not in ROOTS:
        raise QueryError("only SELECT is run", hint="as in SELECT ts, source FROM dns_query")
    return tree


def _checked(tree: exp.Expr) -> tuple[str, ...]:
    """The types of events that a tree reads; its names are made harmless."""
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    taken = own & event_types().keys()
    if taken:
        raise QueryError(f"`{min(taken)}` is a type of events", hint="name it otherwise")
    nodes = list(tree.walk())
    for node in nodes:
        _check(node)
    found: dict[str, None] = {}
    for node in nodes:
        if isinstance(node, exp.Table):
            name = node.name.lower()
            if name in own:
                _rename(node, _OWN + name)
            elif name in event_types():
                found[name] = None
                _rename(node, VIEW + name)
            else:
                near = get_close_matches(name, [*event_types(), *own], 1)
                hint = f"did you mean `{near[0]}`?" if near else "see `atp schema` for the types"
                raise QueryError(f"there are no events `{node.name}`", *_place(node), hint)
        elif isinstance(node, exp.CTE):
            node.args["alias"].set("this", exp.to_identifier(_OWN + node.alias.lower()))
    return tuple(found)


def _check(node: exp.Expr) -> None:
    kind = type(node)
    if kind not in NODES:
        raise QueryError(f"`{_said(node)}` may not be used here", *_place(node))
    if isinstance(node, exp.Table):
        if not isinstance(node.this, exp.Identifier) or node.args.get("db"):
            raise QueryError("only types of events are read", *_place(node))
        more = {k for k, v in node.args.items() if v} - {"this", "alias", "joins"}
        if more:
            raise QueryError(
                f"a type of events is read as it is, without {min(more)}", *_place(node)
            )
    if isinstance(node, exp.With) and node.args.get("recursive"):
        raise QueryError("a query may not call itself", *_place(node))
    if isinstance(node, exp.DataType) and node.this not in TYPES:
        raise QueryError("values are not cast to that", *_place(node))
    if isinstance(node, (exp.Select, *ROOTS)) and (node.args.get("into") or node.args.get("locks")):
        raise QueryError("a query writes nothing", *_place(node))


def _rename(table: exp.Table, name: str) -> None:
    """Another name, seen by the rest of the query as the one before."""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    table.set("this", exp.to_identifier(name))


def _place(node: exp.Expr) -> tuple[int, int]:
    """Line and column, of the node or of the first below it that knows."""
    for below in node.walk():
        line, column = below.meta.get("line"), below.meta.get("col")
        if line and column:
            start, end = below.meta.get("start"), below.meta.get("end")
            width = end - start if start is not None and end is not None else 0
            return int(line), max(1, int(column) - width)
    return 0, 0


def _said(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.this)[:60]
    if isinstance(node, exp.Func):
        return node.sql_name().lower()
    return type(node).__name__.lower()


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
