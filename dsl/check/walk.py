"""Ways through trees: all parts of a syntax tree, of a plan's expression, of a plan's node."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

from dsl import plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def parts(tree: object) -> Iterator[object]:
    """Every node of a syntax tree, itself first, in the order of the text."""
    if isinstance(tree, tuple):
        for item in tree:
            yield from parts(item)
    elif is_dataclass(tree) and not isinstance(tree, type):
        yield tree
        for field in fields(tree):
            yield from parts(getattr(tree, field.name))


def operands(expr: plan.Expr) -> tuple[plan.Expr, ...]:
    """The expressions directly inside an expression."""
    match expr:
        case plan.SetOf(items):
            return items
        case plan.Call(_, arguments):
            return arguments
        case plan.Attr(entity):
            return (entity,)
        case plan.Op(_, left, right):
            return (left, right)
        case plan.Not(operand) | plan.IsNull(operand):
            return (operand,)
        case plan.In(item, container):
            return (item, container)
        case plan.Case(arms, otherwise):
            inner = tuple(e for arm in arms for e in arm)
            return inner if otherwise is None else (*inner, otherwise)
        case _:
            return ()


def expressions(expr: plan.Expr | None) -> Iterator[plan.Expr]:
    """An expression and everything inside it."""
    if expr is not None:
        yield expr
        for inner in operands(expr):
            yield from expressions(inner)


def recolumned(expr: plan.Expr, names: Mapping[str, str]) -> plan.Expr:
    """The expression with other names for its columns; those that `names` lacks stay."""

    def inside(part: plan.Expr) -> plan.Expr:
        return recolumned(part, names)

    match expr:
        case plan.Col(name):
            return replace(expr, name=names.get(name, name))
        case plan.SetOf(items):
            return replace(expr, items=tuple(map(inside, items)))
        case plan.Call(_, arguments):
            return replace(expr, arguments=tuple(map(inside, arguments)))
        case plan.Attr(entity):
            return replace(expr, entity=inside(entity))
        case plan.Op(_, left, right):
            return replace(expr, left=inside(left), right=inside(right))
        case plan.Not(operand) | plan.IsNull(operand):
            return replace(expr, operand=inside(operand))
        case plan.In(item, container):
            return replace(expr, item=inside(item), container=inside(container))
        case plan.Case(arms, otherwise):
            changed = tuple((inside(c), inside(v)) for c, v in arms)
            return replace(expr, arms=changed, otherwise=otherwise and inside(otherwise))
        case plan.Lit() | plan.ListRef():
            return expr


def reads(expr: plan.Expr | None, column: str) -> bool:
    """Whether an expression reads the column."""
    return any(isinstance(e, plan.Col) and e.name == column for e in expressions(expr))


def sources(node: plan.Node) -> tuple[plan.Node, ...]:
    """The nodes directly below a node."""
    match node:
        case (
            plan.Match(source)
            | plan.Window(source)
            | plan.Profile(source)
            | plan.Model(source=source)
        ):
            return (source,)
        case plan.Recall(source, profile):
            return (source, profile)
        case plan.Union(below):
            return below
        case plan.Sequence():
            return tuple(s.source for s in node.steps)
        case plan.Join(left, right):
            return (left, right)
        case plan.Absence(anchor, of):
            return (anchor, of)
        case _:
            return ()


def scanned(node: plan.Node, relations: dict[str, plan.Node]) -> frozenset[str]:
    """The event types a node reads, through the relations it refers to."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if isinstance(at, plan.Scan):
            found.add(at.event)
        elif isinstance(at, plan.Ref):
            if at.name not in seen:
                seen.add(at.name)
                waiting.append(relations[at.name])
        else:
            waiting.extend(sources(at))
    return frozenset(found)
