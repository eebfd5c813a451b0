"""Mutants of a `detect` block: one clause deleted or loosened in each.

A rule whose tests all pass on a mutant has a clause that no test needs: either the clause is
superfluous or a test is missing. Deleted are conditions (each operand of `and` and `or`, whole
`where`, `having`, `ready`, `when`), keys where there are several, `not` steps, sources of a union, alert
statements and arms of a severity; loosened are thresholds (by one), numbers of steps, and windows
(twice as long). Not touched: `except` (lists are the installation's), `dedup`, confidence, roles.
Knows no names and no kinds: a mutant need not check, then it is no mutant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from dsl import syntax
from dsl.syntax import Alert, Assign, At, Binary, Block, Case, Expr, Key, Not, Number, Param

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOOSER: Final = {">=": -1, ">": -1, "<=": 1, "<": 1}
_TWICE: Final = 2


@dataclass(frozen=True, slots=True)
class Mutant:
    """A block that differs in one clause; `at` is the clause in the original text."""

    at: At
    change: str
    block: Block


def mutants(block: Block, spans: Mapping[str, int]) -> Iterator[Mutant]:
    """All mutants, in the order of the text. A parameter loosened becomes `$p - 1`; one that is a
    length becomes twice its value in `spans` (microseconds by name).
    """
    several = sum(isinstance(s, Alert) for s in block.statements) > 1
    for index, statement in enumerate(block.statements):

        def put(new: Assign | Alert, index: int = index) -> Block:
            changed = (*block.statements[:index], new, *block.statements[index + 1 :])
            return replace(block, statements=changed)

        if isinstance(statement, Assign):
            for at, change, relation in _relation(statement.relation, spans):
                yield Mutant(at, change, put(replace(statement, relation=relation)))
            continue
        if several:
            left = (*block.statements[:index], *block.statements[index + 1 :])
            yield Mutant(statement.at, "without this alert", replace(block, statements=left))
        for at, change, alert in _alert(statement):
            yield Mutant(at, change, put(alert))


@dataclass(frozen=True, slots=True)
class Lengthened:
    """A block in which one window, sequence or absence (`verb`) is twice as long; `length` before,
    microseconds.
    """

    verb: str
    length: int
    at: At
    block: Block


def lengthened(block: Block, spans: Mapping[str, int]) -> Iterator[Lengthened]:
    """A mutant for each length, in the order of the text."""
    for index, statement in enumerate(block.statements):
        if not isinstance(statement, Assign):
            continue
        relation = statement.relation
        made: list[tuple[syntax.Duration, syntax.Relation]]
        match relation:
            case syntax.Window():
                over = _longer(relation.over, spans)
                made = [(twice, replace(relation, over=twice)) for _, _, twice in over]
            case syntax.Sequence() | syntax.Absence():
                within = _longer(relation.within, spans)
                made = [(twice, replace(relation, within=twice)) for _, _, twice in within]
            case _:
                continue
        for twice, longer in made:
            changed = replace(statement, relation=longer)
            statements = (*block.statements[:index], changed, *block.statements[index + 1 :])
            verb = type(relation).__name__.lower()
            length = twice.microseconds // _TWICE
            yield Lengthened(verb, length, twice.at, replace(block, statements=statements))


def _condition(expr: Expr | None) -> Iterator[tuple[At, str, Expr | None]]:
    """Changes of a clause's condition; None is the clause deleted."""
    if expr is not None:
        yield expr.at, "without the clause", None
        yield from _weaker(expr)


def _shorter(expr: Binary, operator: str) -> Iterator[tuple[At, Expr]]:
    """The chain `a and b and c` without each of its operands."""
    for operand, other in ((expr.left, expr.right), (expr.right, expr.left)):
        if isinstance(operand, Binary) and operand.operator == operator:
            for at, new in _shorter(operand, operator):
                left, right = (new, other) if operand is expr.left else (other, new)
                yield at, replace(expr, left=left, right=right)
        else:
            yield operand.at, other


def _same_chain(operand: Expr, operator: str, change: str) -> bool:
    """Whether a change of an operand was already made by shortening the chain it belongs to."""
    longer = isinstance(operand, Binary) and operand.operator == operator
    return longer and change == f"without this operand of `{operator}`"


def _weaker(expr: Expr) -> Iterator[tuple[At, str, Expr]]:
    if isinstance(expr, Binary) and expr.operator in ("and", "or"):
        for at, new in _shorter(expr, expr.operator):
            yield at, f"without this operand of `{expr.operator}`", new
        for at, change, new in _weaker(expr.left):
            if not _same_chain(expr.left, expr.operator, change):
                yield at, change, replace(expr, left=new)
        for at, change, new in _weaker(expr.right):
            if not _same_chain(expr.right, expr.operator, change):
                yield at, change, replace(expr, right=new)
    elif isinstance(expr, Not):
        for at, change, new in _weaker(expr.operand):
            yield at, change, replace(expr, operand=new)
    elif isinstance(expr, Binary) and expr.operator in _LOOSER:
        limit = expr.right
        if isinstance(limit, Number):
            step = _LOOSER[expr.operator]
            new_limit: Expr = replace(limit, value=limit.value + step)
        elif isinstance(limit, Param):
            sign: Literal["-", "+"] = "-" if _LOOSER[expr.operator] < 0 else "+"
            new_limit = Binary(sign, limit, Number(1, limit.at), limit.at, limit.at)
        else:
            return
        yield limit.at, "looser by one", replace(expr, right=new_limit)


def _times(times: Number | Param | None) -> Iterator[tuple[At, str, Number]]:
    if isinstance(times, Number) and times.value > 1:
        yield times.at, "one less", replace(times, value=times.value - 1)


def _keys(keys: tuple[Key, ...]) -> Iterator[tuple[At, str, tuple[Key, ...]]]:
    if len(keys) > 1:
        for index, key in enumerate(keys):
            yield key.left.at, "without this key", (*keys[:index], *keys[index + 1 :])


def _relation(
    relation: syntax.Relation, spans: Mapping[str, int]
) -> Iterator[tuple[At, str, syntax.Relation]]:
    match relation:
        case syntax.Match():
            for at, change, where in _condition(relation.where):
                yield at, change, replace(relation, where=where)
        case syntax.Union():
            yield from _union(relation)
        case syntax.Window():
            yield from _window(relation, spans)
        case syntax.Sequence():
            yield from _sequence(relation, spans)
        case syntax.Absence() | syntax.Join():
            for at, change, keys in _keys(relation.keys):
                yield at, change, replace(relation, keys=keys)
            if isinstance(relation, syntax.Absence):
                for at, change, where in _condition(relation.where):
                    yield at, change, replace(relation, where=where)
            for at, change, within in _longer(relation.within, spans):
                yield at, change, replace(relation, within=within)
        case syntax.Profile():
            yield from _profile(relation)
        case _:
            return


def _longer(
    span: syntax.Duration | Param, spans: Mapping[str, int]
) -> Iterator[tuple[At, str, syntax.Duration]]:
    length = spans.get(span.name) if isinstance(span, Param) else span.microseconds
    if length is not None:
        yield (
            span.at,
            "twice as long",
            syntax.Duration(length * _TWICE, f"{length * _TWICE}us", span.at),
        )


def _union(relation: syntax.Union) -> Iterator[tuple[At, str, syntax.Relation]]:
    sources = relation.sources
    for index, source in enumerate(sources):
        left = (*sources[:index], *sources[index + 1 :])
        if len(left) > 1:
            yield source.at, "without this source", replace(relation, sources=left)
        elif left:
            yield source.at, "without this source", syntax.Match(left[0], None, (), relation.at)


def _window(
    relation: syntax.Window, spans: Mapping[str, int]
) -> Iterator[tuple[At, str, syntax.Relation]]:
    for at, change, keys in _keys(relation.keys):
        yield at, change, replace(relation, keys=keys)
    for at, change, over in _longer(relation.over, spans):
        yield at, change, replace(relation, over=over)
    for at, change, aggregates in _wheres(relation.aggregates):
        yield at, change, replace(relation, aggregates=aggregates)
    for at, change, having in _condition(relation.having):
        yield at, change, replace(relation, having=having)


def _wheres(
    made: tuple[syntax.Named, ...],
) -> Iterator[tuple[At, str, tuple[syntax.Named, ...]]]:
    """The conditions of what is counted or learnt, one after the other."""
    for index, one in enumerate(made):
        for at, change, where in _condition(one.where):
            yield at, change, (*made[:index], replace(one, where=where), *made[index + 1 :])


def _profile(relation: syntax.Profile) -> Iterator[tuple[At, str, syntax.Relation]]:
    for at, change, keys in _keys(relation.keys):
        yield at, change, replace(relation, keys=keys)
    for at, change, learns in _wheres(relation.learns):
        yield at, change, replace(relation, learns=learns)
    for at, change, ready in _condition(relation.ready):
        yield at, change, replace(relation, ready=ready)


def _sequence(
    relation: syntax.Sequence, spans: Mapping[str, int]
) -> Iterator[tuple[At, str, syntax.Relation]]:
    for at, change, keys in _keys(relation.keys):
        yield at, change, replace(relation, keys=keys)
    for at, change, within in _longer(relation.within, spans):
        yield at, change, replace(relation, within=within)
    for index, step in enumerate(relation.steps):

        def put(*new: syntax.Step, index: int = index) -> syntax.Sequence:
            steps = (*relation.steps[:index], *new, *relation.steps[index + 1 :])
            return replace(relation, steps=steps)

        if len(relation.steps) > 1:
            yield step.at, "without this step", put()
        for at, change, where in _condition(step.where):
            yield at, change, put(replace(step, where=where))
        for at, change, times in _times(step.times):
            yield at, change, put(replace(step, times=times))


def _alert(alert: Alert) -> Iterator[tuple[At, str, Alert]]:
    for at, change, when in _condition(alert.when):
        yield at, change, replace(alert, when=when)
    if isinstance(alert.severity, Case):
        arms = alert.severity.arms
        for index, (condition, _) in enumerate(arms):
            left = (*arms[:index], *arms[index + 1 :])
            new = replace(alert.severity, arms=left) if left else alert.severity.otherwise
            yield condition.at, "without this arm", replace(alert, severity=new)
