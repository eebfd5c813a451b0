"""The verbs over one relation: match, union, window.

Each takes the syntax and the relations it reads, and gives the plan's node (None: faulty) and what
a reader sees of it. Nothing is reported twice: a source that is faulty makes its readers silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl import plan
from dsl.check import calls
from dsl.check.columns import key_column, microseconds, new_name
from dsl.check.expressions import Expressions
from dsl.check.kinds import INT, NULL, TEXT, many, named, unite
from dsl.check.reading import reading
from dsl.check.recalls import recalling
from dsl.check.scope import Absent, Column, Relation, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl import syntax
    from dsl.check.context import Context
    from dsl.types import Type

Built = tuple[plan.Node | None, Relation]


def match(context: Context, node: syntax.Match, name: str, source: Relation) -> Built:
    """`match T [where EXPR] [let k := EXPR, …]`."""
    recalls = recalling(context, source, [node])
    scope = recalls.scope
    where = Expressions(context, scope, recalls).condition(node.where) if node.where else None
    lets: list[tuple[str, plan.Expr]] = []
    columns, covered, taken = dict(source.columns), dict(source.covered), set[str]()
    failed = node.where is not None and where is None
    for let in node.lets:
        check = Expressions(context, scope, recalls)
        new_name(check, let.name, let.name_at, taken)
        value = check.check(let.value)
        if value is not None and value.type == NULL:
            check.error("D0314", let.value.at, "null has no kind", "of which kind?", "leave it out")
            value = None
        failed = failed or value is None
        columns[let.name] = value.type if value else None
        covered.pop(let.name, None)
        scope = scope.with_columns({let.name: Column(let.name, columns[let.name])})
        if value is not None:
            lets.append((let.name, value))
    absent = {k: a for k, a in source.absent.items() if k not in columns}
    result = Relation(name, None, columns, open=source.open, absent=absent, covered=covered)
    asked = [where, *(value for _, value in lets)]
    where = recalls.implied(asked, where)
    below = recalls.over(reading(source, asked), [where, *asked])
    typed = result.typed()
    if failed or below is None or typed is None:
        return None, result
    return plan.Match(below, where, tuple(lets), typed), result


def score(context: Context, node: syntax.Score, name: str, source: Relation) -> Built:
    """`score R: EXPR -> +30 "reason" …`: the rows of R with `points` and `reasons`."""
    recalls = recalling(context, source, [node])
    arms = []
    for written, points, reason in node.terms:
        condition = Expressions(context, recalls.scope, recalls).condition(written)
        if condition is not None:
            arms.append((condition, points, reason))
    columns = dict(source.columns) | {"points": INT, "reasons": many(TEXT)}
    covered = {k: c for k, c in source.covered.items() if k not in ("points", "reasons")}
    absent = {k: a for k, a in source.absent.items() if k not in columns}
    result = Relation(name, None, columns, open=source.open, absent=absent, covered=covered)
    asked = [condition for condition, _, _ in arms]
    arms = [
        (recalls.implied([condition], condition, asked) or condition, points, reason)
        for condition, points, reason in arms
    ]
    below = recalls.over(reading(source, asked), [condition for condition, _, _ in arms])
    typed = result.typed()
    if len(arms) < len(node.terms) or below is None or typed is None:
        return None, result
    total: plan.Expr = plan.Lit(0, INT)
    reasons: list[plan.Expr] = []
    for condition, points, reason in arms:
        worth = plan.Case(((condition, plan.Lit(points, INT)),), plan.Lit(0, INT), INT)
        total = plan.Op("+", total, worth, INT)
        if reason is not None:
            reasons.append(plan.Case(((condition, plan.Lit(reason, TEXT)),), None, TEXT))
    said = plan.Call("compact", (plan.SetOf(tuple(reasons), many(TEXT)),), many(TEXT))
    return plan.Match(below, None, (("points", total), ("reasons", said)), typed), result


def union(name: str, sources: Sequence[Relation]) -> Built:
    """`union A, B, …`: columns by name. A name of different kinds is left out, and is a fault
    for whoever reads it: event types may differ in columns that nobody asks for.
    """
    columns: dict[str, Type | None] = {}
    absent: dict[str, Absent] = {}
    covered: dict[str, frozenset[str]] = {}
    owner: dict[str, tuple[str, Type | None]] = {}
    for source in sources:
        for column, kind in source.columns.items():
            first, known = owner.setdefault(column, (source.name, kind))
            if column not in columns:
                columns[column] = kind
            else:
                before = columns[column]
                both = None if before is None or kind is None else unite(before, kind)
                if both is None and before is not None and kind is not None and known is not None:
                    absent[column] = _differs(name, column, (first, known), (source.name, kind))
                columns[column] = both or columns[column]
                if before is None or kind is None:
                    columns[column] = None
        covered = _united(covered, source.covered)
    for source in sources:
        for column, reason in source.absent.items():
            if column not in columns or reason.code == "D0305":
                absent.setdefault(column, reason)
    for column, reason in absent.items():
        if reason.code == "D0305":
            columns.pop(column, None)
    is_open = any(s.open for s in sources)
    result = Relation(name, None, columns, open=is_open, absent=absent, covered=covered)
    nodes = tuple(s.node for s in sources if s.node is not None)
    typed = result.typed()
    if len(nodes) < len(sources) or typed is None:
        return None, result
    return plan.Union(nodes, typed), result


def _united(
    left: dict[str, frozenset[str]], right: dict[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    empty: frozenset[str] = frozenset()
    return {k: left.get(k, empty) | right.get(k, empty) for k in (*left, *right)}


def _differs(union: str, column: str, left: tuple[str, Type], right: tuple[str, Type]) -> Absent:
    kinds = f"{named(left[1])} in `{left[0]}` and {named(right[1])} in `{right[0]}`"
    return Absent(
        "D0305",
        f"`{column}` is {kinds}: the union `{union}` cannot have it",
        "different kinds under one name",
        f"give it one kind before the union, with `let {column} := …`",
    )


def window(context: Context, node: syntax.Window, name: str, source: Relation) -> Built:
    """`window R by KEYS over 10m … compute … having EXPR`."""
    recalls = recalling(context, source, node.aggregates)
    scope = recalls.scope
    check = Expressions(context, scope, recalls)
    over = microseconds(check, node.over)
    failed = over is None
    columns: dict[str, Type | None] = {}
    covered: dict[str, frozenset[str]] = {}
    visible = {k: c for k, c in scope.columns.items() if k in ("ts", "start")}
    for key in node.keys:
        column = key_column(check, key.left)
        written = ".".join(key.left.parts)
        if key.right is not None:
            check.error("D0306", key.right.at, "a window has one side", "", f"write `by {written}`")
        if column is None:
            failed = True
            columns[written] = None
        else:
            columns[column.name] = column.type
            covered |= {column.name: column.covered} if column.covered else {}
        visible[written] = column or Column(written, None)
    keys = tuple(columns)
    taken = set(keys)
    aggregates: list[plan.Aggregate] = []
    for item in node.aggregates:
        new_name(check, item.name, item.name_at, taken)
        where = check.condition(item.where) if item.where else None
        aggregate = calls.aggregate(check, item, where)
        failed = failed or aggregate is None or (item.where is not None and where is None)
        columns[item.name] = aggregate.type if aggregate else None
        visible[item.name] = Column(item.name, columns[item.name])
        if aggregate is not None:
            aggregates.append(aggregate)
    absent = _lost(source, columns, name)
    over_rows = Scope(name, "window", visible, absent, frozenset(), source.open)
    having = Expressions(context, over_rows).condition(node.having) if node.having else None
    failed = failed or (node.having is not None and having is None)
    result = Relation(name, None, columns, open=source.open, absent=absent, covered=covered)
    asked = [e for a in aggregates for e in (*a.arguments, a.where)]
    ready = recalls.implied(asked, None)
    below, typed = recalls.over(reading(source, asked), [ready, *asked]), result.typed()
    if failed or below is None or typed is None or over is None:
        return None, result
    if ready is not None:
        below = plan.Match(below, ready, (), below.columns)
    built = plan.Window(below, keys, over, node.kind, tuple(aggregates), having, typed)
    return built, result


def _lost(source: Relation, columns: dict[str, Type | None], window: str) -> dict[str, Absent]:
    """Columns of the source that the window does not carry on, and how to keep each."""
    lost = dict(source.absent)
    for column in source.columns:
        last = column.rpartition(".")[2]
        plural = last if last.endswith("s") else f"{last}s"
        lost[column] = Absent(
            "D0212",
            f"`{column}` is lost in the window `{window}`",
            "a window has its keys and what it computes",
            f"add `{plural} := set({column})` to its `compute`",
        )
    return {name: reason for name, reason in lost.items() if name not in columns}
