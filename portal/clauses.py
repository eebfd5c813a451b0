"""Why it fired: the conditions of a detection as their author wrote them, each with what the evidence holds.

Every `match` that reads a type of event of the evidence is taken apart at its `and`s; beside each part
stand the values that the events have in the fields it names. What can be told from an event alone is
held against it, so that each event stands with the relation it belongs to; the rest (lists, the
directory, profiles) is not asked again.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from dsl import syntax
from dsl.schema import enums
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dsl.catalogue import Detection

_MOST_VALUES: Final = 6
_MOST_EVENTS: Final = 200
_SCALAR: Final = (bool, int, float, str)


_COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_WORDS: Final = frozenset(
    word
    for values in vars(enums).values()
    if isinstance(values, tuple | dict)
    for word in (values.values() if isinstance(values, dict) else values)
    if isinstance(word, str)
)


class Clause(msgspec.Struct, frozen=True):
    """One condition; `values`: (field, values that the events hold, whether there are more); `met`:
    the events show that it is true.
    """

    text: str
    values: tuple[tuple[str, tuple[str, ...], bool], ...]
    met: bool = False


class Part(msgspec.Struct, frozen=True):
    """A relation of the detection, as written. `event`: the type that it reads, "" where it is made
    of other relations; `events`: how many of the evidence are of that type.
    """

    name: str
    text: str
    event: str = ""
    events: int = 0
    clauses: tuple[Clause, ...] = ()


def why_it_fired(
    detection: Detection,
    evidence: Sequence[Mapping[str, object]],
    params: Mapping[str, object],
    roles: Mapping[str, object],
) -> list[Part]:
    """The statements of a detection in order, conditions with the values of the evidence; what is
    computed from many events with what the alert's roles say of it.
    """
    shown = {
        name: p.show(value) if isinstance(value := params.get(name), _SCALAR) else ""
        for name, p in detection.envelope.params.items()
    }
    block = detection.source.block("detect")
    own = {s.name for s in detection.block.statements if isinstance(s, syntax.Assign)}
    parts = []
    for statement in detection.block.statements:
        if isinstance(statement, syntax.Alert):
            parts.append(Part("alert", _text(block, statement.at)))
            continue
        text, relation = _text(block, statement.at), statement.relation
        if not isinstance(relation, syntax.Match):
            rest = text.partition("=")[2].strip()
            told = Clause(rest, tuple(_given(relation, shown, roles)))
            parts.append(Part(statement.name, text, clauses=(told,)))
            continue
        conditions = _conjuncts(relation.where)
        event = ".".join(relation.source.parts)
        if event in own:
            typed: Sequence[Mapping[str, object]] = ()  # rows of other relations, not events
        elif event in event_types():
            typed = [e for e in evidence if e.get("type") == event]
        else:
            typed = evidence  # a relation that detections share
        of = [
            e for e in typed[:_MOST_EVENTS]
            if all(_holds(one, e, params) is not False for one in conditions)
        ]  # fmt: skip
        clauses = tuple(
            Clause(
                _text(block, one.at),
                tuple(_values(one, of, shown)),
                met=bool(of) and all(_holds(one, e, params) for e in of),
            )
            for one in conditions
        )
        parts.append(Part(statement.name, text, event, len(of), clauses))
    return parts


def _holds(
    node: syntax.Expr, event: Mapping[str, object], params: Mapping[str, object]
) -> bool | None:
    """Whether a condition is true of an event; None where the event alone does not tell."""
    if isinstance(node, syntax.Not):
        inner = _holds(node.operand, event, params)
        return None if inner is None else not inner
    if isinstance(node, syntax.Path) and len(node.parts) == 1:
        value = event.get(node.parts[0])
        return value if isinstance(value, bool) else None
    if isinstance(node, syntax.IsNull):
        return None if not _is_field(node.operand, event) else node.negated
    if isinstance(node, syntax.In) and isinstance(node.container, syntax.SetLiteral):
        value = _value(node.item, event, params)
        members = [_value(one, event, params) for one in node.container.items]
        if value is None or None in members:
            return None
        return (value in members) is not node.negated
    if not isinstance(node, syntax.Binary):
        return None
    if node.operator in ("and", "or"):
        both = {_holds(node.left, event, params), _holds(node.right, event, params)}
        decides = node.operator == "or"
        return decides if decides in both else None if None in both else not decides
    left, right = _value(node.left, event, params), _value(node.right, event, params)
    compare = _COMPARED.get(node.operator)
    if compare is None or left is None or right is None:
        return None
    if isinstance(left, str) != isinstance(right, str):
        return None
    return compare(left, right)


def _value(
    node: syntax.Expr, event: Mapping[str, object], params: Mapping[str, object]
) -> str | float | None:
    """A value within an event: a field, a literal, a parameter, or a word of an enumeration."""
    found: object = None
    if isinstance(node, syntax.Number | syntax.Text | syntax.Bool):
        found = node.value
    elif isinstance(node, syntax.Duration):
        found = node.microseconds
    elif isinstance(node, syntax.Param):
        found = params.get(node.name)
    elif isinstance(node, syntax.Path) and len(node.parts) == 1:
        word = node.parts[0]
        found = event.get(word, word if word in _WORDS else None)
    return found if isinstance(found, str | int | float) else None


def _is_field(node: syntax.Expr, event: Mapping[str, object]) -> bool:
    return (
        isinstance(node, syntax.Path)
        and len(node.parts) == 1
        and event.get(node.parts[0]) is not None
    )


def _given(
    relation: object, shown: Mapping[str, str], roles: Mapping[str, object]
) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Parameters that it names, and what the alert says of what it computes."""
    nodes = list(_walk(relation))
    for name in dict.fromkeys(n.name for n in nodes if isinstance(n, syntax.Param)):
        if name in shown:
            yield f"${name}", (shown[name],), False
    for name in dict.fromkeys(n.name for n in nodes if isinstance(n, syntax.Named)):
        if roles.get(name) is not None:
            yield name, (_shown(roles[name]),), False


def _values(
    expression: object, events: Sequence[Mapping[str, object]], shown: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    seen: set[str] = set()
    for node in _walk(expression):
        if isinstance(node, syntax.Param) and node.name in shown and f"${node.name}" not in seen:
            seen.add(f"${node.name}")
            yield f"${node.name}", (shown[node.name],), False
        name = node.parts[0] if isinstance(node, syntax.Path) else ""
        if not name or name in seen:
            continue
        seen.add(name)
        found = dict.fromkeys(_shown(e[name]) for e in events if e.get(name) is not None)
        if found:
            yield name, tuple(found)[:_MOST_VALUES], len(found) > _MOST_VALUES


def _walk(node: object) -> Iterator[object]:
    """A node and all below it."""
    if isinstance(node, tuple):
        for one in node:
            yield from _walk(one)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type | syntax.At):
        yield node
        for field in dataclasses.fields(node):
            yield from _walk(getattr(node, field.name))


def _conjuncts(where: syntax.Expr | None) -> list[syntax.Expr]:
    if isinstance(where, syntax.Binary) and where.operator == "and":
        return [*_conjuncts(where.left), *_conjuncts(where.right)]
    return [] if where is None else [where]


def _text(block: str, at: syntax.At) -> str:
    return " ".join(block[at.start : at.end].split())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_shown(v) for v in value[:_MOST_VALUES])
    return str(value)
