"""The verb `sequence`: ordered steps, their names and what each may read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check.columns import key_column, microseconds, same_kind
from dsl.check.expressions import Expressions
from dsl.check.kinds import INT, named
from dsl.check.reading import reading
from dsl.check.scope import Absent, Relation, columns_of, scope_of, two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.check.context import Context
    from dsl.check.verbs import Built
    from dsl.types import Type


def sequence(
    context: Context, node: syntax.Sequence, name: str, sources: Sequence[Relation]
) -> Built:
    """`sequence by KEYS within 10m: A as a then not X then B as b where EXPR …`."""
    check = Expressions(context, scope_of(sources[0]))
    within = microseconds(check, node.within)
    aliases = _aliases(check, node, sources)
    keys, failed = _sequence_keys(context, node, sources)
    failed = failed or within is None or aliases is None
    failed = not _order_is_right(check, node) or failed
    aliases = aliases or [s.alias or ".".join(s.source.parts) for s in node.steps]
    earlier: list[tuple[str, Relation, str]] = []
    wheres: list[plan.Expr | None] = []
    times: list[int] = []
    for step, relation, alias in zip(node.steps, sources, aliases, strict=True):
        sides = [*earlier, (alias, relation, f"{alias}.")]
        scope = two_sided(name, "sequence's steps so far", sides)
        # a column without a step's name is this step's own
        own = {k: replace(c, name=f"{alias}.{c.name}") for k, c in columns_of(relation).items()}
        inside = Expressions(context, replace(scope, columns=own | scope.columns))
        where = inside.condition(step.where) if step.where else None
        count = _times(inside, step)
        failed = failed or (step.where is not None and where is None) or count is None
        wheres.append(where)
        times.append(count or 1)
        if not step.negated:
            earlier = sides
    result = _sequence_relation(name, keys, earlier)
    steps = []
    for i, step in enumerate(node.steps):
        below = reading(sources[i], wheres, f"{aliases[i]}.via")
        columns = tuple(names[i] for names, _ in keys.values())
        if below is not None:
            steps.append(plan.Step(aliases[i], below, columns, step.negated, wheres[i], times[i]))
    typed = result.typed()
    if failed or within is None or typed is None or len(steps) < len(node.steps):
        return None, result
    return plan.Sequence(tuple(keys), within, tuple(steps), typed), result


def _aliases(
    check: Expressions, node: syntax.Sequence, sources: Sequence[Relation]
) -> list[str] | None:
    """A name for each step. A `not` step that nothing speaks of may share its relation's name."""
    wanted = [s.alias or r.name for s, r in zip(node.steps, sources, strict=True)]
    count = Counter(wanted)
    failed = False
    for i, step in enumerate(node.steps):
        if count[wanted[i]] < 2:
            continue
        if step.negated and step.alias is None and step.where is None:
            count[wanted[i]] -= 1
            wanted[i] = f"not {wanted[i]} ({i})"
        elif wanted[i] in wanted[:i]:
            failed = True
            check.error(
                "D0210", step.at, f"two steps are called `{wanted[i]}`", "the second",
                f"name them: `{wanted[i]} as first then {wanted[i]} as second`",
            )  # fmt: skip
    return None if failed else wanted


def _sequence_keys(
    context: Context, node: syntax.Sequence, sources: Sequence[Relation]
) -> tuple[dict[str, tuple[list[str], Type | None]], bool]:
    """By name of the key: its column in each step, and its type. `a ~ b`: a in the first step, b
    in all later ones.
    """
    keys: dict[str, tuple[list[str], Type | None]] = {}
    failed = False
    for key in node.keys:
        names: list[str] = []
        kind: Type | None = None
        for i, source in enumerate(sources):
            path = key.left if i == 0 or key.right is None else key.right
            check = Expressions(context, scope_of(source))
            column = key_column(check, path)
            if column is None or (i > 0 and not same_kind(check, path.at, kind, column.type)):
                failed = True
                names.append(".".join(path.parts))
                break
            names.append(column.name)
            kind = kind or column.type
        names += names[-1:] * (len(sources) - len(names))
        keys[".".join(key.left.parts)] = (names, kind)
    return keys, failed


def _order_is_right(check: Expressions, node: syntax.Sequence) -> bool:
    """A `not` step stands between two steps that must happen (its ends are seen by the parser)."""
    right = True
    for before, step in pairwise(node.steps):
        if before.negated and step.negated:
            hint = "put both relations into a `union` first"
            check.error("D0310", step.at, "two `not` steps follow each other", "", hint)
            right = False
    return right


def _times(check: Expressions, step: syntax.Step) -> int | None:
    """How many rows a step takes."""
    if step.times is None:
        return 1
    literal = check.check(step.times)
    if not isinstance(literal, plan.Lit):
        return None
    if literal.type != INT:
        message = f"the count of a step is a whole number, not {named(literal.type)}"
        check.error("D0308", step.times.at, message)
        return None
    if not isinstance(literal.value, int) or literal.value < 1:
        check.error(
            "D0311", step.times.at, "a step happens at least once", "", "write `x 1` or more"
        )
        return None
    return literal.value


def _sequence_relation(
    name: str,
    keys: dict[str, tuple[list[str], Type | None]],
    steps: Sequence[tuple[str, Relation, str]],
) -> Relation:
    columns: dict[str, Type | None] = {key: kind for key, (_, kind) in keys.items()}
    absent: dict[str, Absent] = {}
    covered: dict[str, frozenset[str]] = {}
    for alias, relation, prefix in steps:
        for column in columns_of(relation, f"{alias}.", prefix).values():
            columns[column.name] = column.type
            if column.covered:
                covered[column.name] = column.covered
        absent |= {f"{alias}.{column}": a for column, a in relation.absent.items()}
    is_open = any(r.open for _, r, _ in steps)
    return Relation(name, None, columns, open=is_open, absent=absent, covered=covered)
