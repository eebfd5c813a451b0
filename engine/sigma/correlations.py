"""Correlations of Sigma as windows and sequences.

Counting and computing types are a `window` over the union of the rules' events, kept where the
condition holds *so far*: for each event over the time span that ends with it. `temporal` counts
the different rules in such a window, `temporal_ordered` is a `sequence`. Group-by fields are keys,
without case; an event that lacks one belongs to no group. Reference: Sigma specification 2.1,
"Correlation rules".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationRule,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.rule import SigmaRule

from dsl.check.scope import IMPLIED
from dsl.template import OWN_VARIABLES
from dsl.words import reserved
from engine.sigma.block import Block, matched
from engine.sigma.fields import Fields
from engine.sigma.literals import identifier, quoted
from engine.sigma.logsources import place
from engine.sigma.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPERATORS: Final = {
    SigmaCorrelationConditionOperator.LT: "<", SigmaCorrelationConditionOperator.LTE: "<=",
    SigmaCorrelationConditionOperator.GT: ">", SigmaCorrelationConditionOperator.GTE: ">=",
    SigmaCorrelationConditionOperator.EQ: "==", SigmaCorrelationConditionOperator.NEQ: "!=",
}  # fmt: skip
_BOUNDS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "eq": "==", "neq": "!="}
_TAKEN: Final = frozenset({"target", "actor", *OWN_VARIABLES, *IMPLIED, *reserved()})
"""Names that a role cannot have."""
SO_FAR: Final = (
    "the condition is asked at each event, over the time span that ends with it: with an upper "
    "bound or an exact number it holds before further events come"
)


@dataclass(frozen=True, slots=True)
class Group:
    """A relation whose rows are one group's: key columns by the names of their fields, and what
    shows whom it is about (role -> expression).
    """

    relation: str
    keys: dict[str, str]
    about: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Correlations:
    """The statements of a correlation and of those it rests on. `ranges` holds further bounds of a
    correlation's condition by the object's id.
    """

    ranges: Mapping[int, Mapping[str, float]]
    block: Block = field(default_factory=Block)
    _count: int = 0
    _open: list[int] = field(default_factory=list)

    def alert(self, rule: SigmaCorrelationRule) -> Block:
        """The whole block. Raises RefusedError."""
        made = self._correlated(rule)
        keys: dict[str, str] = {}
        for name, column in made.keys.items():
            role = identifier(name)[:40]
            role = role if role[:1].isalpha() else f"key_{role}"
            while role in keys or role in _TAKEN:
                role += "_"
            keys[role] = column
        if not made.about and not keys:
            keys["group"] = _group_of(made)
        roles = made.about | keys
        listed = ", ".join(f"{role}: {value}" for role, value in roles.items())
        dedup = f" dedup 24h by {', '.join(keys or [_group_of(made)])}"
        self.block.statements.append(f"alert {made.relation} as ({listed}){dedup}")
        self.block.roles = tuple(roles)
        return self.block

    def _correlated(self, rule: SigmaCorrelationRule) -> Group:
        if id(rule) in self._open:
            raise RefusedError("the correlation refers to itself")
        self._open.append(id(rule))
        ordered = rule.type is SigmaCorrelationType.TEMPORAL_ORDERED
        made = self._ordered(rule) if ordered else self._window(rule)
        self._open.pop()
        return made

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _source(
        self,
        rule: SigmaCorrelationRule,
        reference: SigmaRuleReference,
        keys: Mapping[str, str],
        values: Mapping[str, str],
    ) -> Group:
        """The relation of a rule it refers to, with its keys, the values it computes with, and
        `rule`.
        """
        named = quoted(reference.reference)
        if named is None:
            raise RefusedError("the name of a rule holds what cannot be written")
        lets = {"rule": named}
        below, name = reference.rule, f"r{self._number()}"
        if isinstance(below, SigmaRule):
            where = place(below.logsource)
            fields = Fields(where.event, where.names)
            for asked_for in (keys, values):
                for written, column in asked_for.items():
                    field_ = fields.named(_alias(rule, written, reference))
                    lets[column] = f"lower({field_.text})" if field_.kind != "int" else field_.text
            lets |= _group_without(keys)
            matched(self.block, name, below, lets)
            self.block.columns |= fields.read
            return Group(name, dict(keys), {"target": "dc", "actor": "account"})
        if values:
            raise RefusedError("a value is asked of a correlation, whose rows have none")
        inner = self._correlated(below)
        for written, column in keys.items():
            own = _alias(rule, written, reference)
            if own not in inner.keys:
                raise RefusedError(
                    f"it groups by `{own}`, by which the correlation `{reference.reference}` does not"
                )
            lets[column] = inner.keys[own]
        lets |= _group_without(keys)
        computed = ", ".join(f"{column} := {value}" for column, value in lets.items())
        self.block.statements.append(f"{name} = match {inner.relation} let {computed}")
        return Group(name, dict(keys))

    def _keys(self, rule: SigmaCorrelationRule) -> dict[str, str]:
        mark = self._number()
        return {name: f"key{mark}_{i}" for i, name in enumerate(rule.group_by or (), start=1)}

    # --- windows ----------------------------------------------------------------------------------

    def _window(self, rule: SigmaCorrelationRule) -> Group:
        keys = self._keys(rule)
        condition = rule.condition
        written = condition.fieldref if isinstance(condition, SigmaCorrelationCondition) else None
        names = [written] if isinstance(written, str) else list(written or ())
        values = {n: f"value{self._number()}" for n in names}
        sources = [self._source(rule, r, keys, values) for r in rule.referenced_rules]
        source = self._united([s.relation for s in sources])
        computed = self._computed(rule, [*values.values()])
        having = self._having(rule)
        about = {}
        if all(s.about for s in sources):
            computed |= {"targets": "set(dc)", "actors": "set(account)"}
            about = {"target": "targets", "actor": "actors"}
        name = f"w{self._number()}"
        listed = ", ".join(f"{column} := {value}" for column, value in computed.items())
        by = ", ".join(keys.values()) or _GROUP
        self.block.statements.append(
            f"{name} = window {source} by {by} over {_span(rule)} compute {listed} having {having}"
        )
        return Group(name, keys, about)

    def _united(self, relations: Sequence[str]) -> str:
        if len(relations) == 1:
            return relations[0]
        name = f"u{self._number()}"
        self.block.statements.append(f"{name} = union {', '.join(relations)}")
        return name

    def _computed(self, rule: SigmaCorrelationRule, values: Sequence[str]) -> dict[str, str]:
        condition = rule.condition
        if isinstance(condition, SigmaExtendedCorrelationCondition):
            names = [quoted(n) for n in condition.get_referenced_rules()]
            return {f"seen{i}": f"count() where rule == {n}" for i, n in enumerate(names, start=1)}
        match rule.type:
            case SigmaCorrelationType.EVENT_COUNT:
                return {"n": "count()"}
            case SigmaCorrelationType.VALUE_COUNT:
                return {"n": f"count_distinct({', '.join(values)})"}
            case SigmaCorrelationType.TEMPORAL:
                return {"n": "count_distinct(rule)"}
            case SigmaCorrelationType.VALUE_SUM:
                return {"n": f"sum(number({values[0]}))"}
            case SigmaCorrelationType.VALUE_AVG:
                return {"n": f"avg(number({values[0]}))"}
            case SigmaCorrelationType.VALUE_MEDIAN:
                return {"n": f"percentile(number({values[0]}), 50)"}
            case SigmaCorrelationType.VALUE_PERCENTILE if condition.percentile is not None:
                return {"n": f"percentile(number({values[0]}), {condition.percentile})"}
        raise RefusedError("it asks for a percentile and does not say which")

    def _having(self, rule: SigmaCorrelationRule) -> str:
        condition = rule.condition
        if isinstance(condition, SigmaExtendedCorrelationCondition):
            names = condition.get_referenced_rules()
            return _extended(condition.parsed, {n: f"seen{i}" for i, n in enumerate(names, 1)})
        bounds = [(_OPERATORS[condition.op], condition.count)]
        bounds += [(_BOUNDS[b], n) for b, n in self.ranges.get(id(rule), {}).items()]
        if any(operator not in (">", ">=") for operator, _ in bounds):
            self.block.notes.append(SO_FAR)
        return " and ".join(f"n {operator} {number}" for operator, number in bounds)

    # --- sequences --------------------------------------------------------------------------------

    def _ordered(self, rule: SigmaCorrelationRule) -> Group:
        keys = self._keys(rule)
        condition = rule.condition
        references = rule.referenced_rules
        if isinstance(condition, SigmaExtendedCorrelationCondition):
            order = list(_all_of(condition.parsed))
            by_name = {r.reference: r for r in references}
            references = [by_name[n] for n in order]
        elif not _asks_for_all(condition, len(references)) or self.ranges.get(id(rule)):
            raise RefusedError("an order of some of the rules only has no equal here")
        sources = [self._source(rule, r, keys, {}) for r in references]
        if len(sources) == 1:
            return replace(sources[0], keys=keys)
        name = f"s{self._number()}"
        steps = " then ".join(f"{s.relation} as step{i}" for i, s in enumerate(sources, start=1))
        by = ", ".join(keys.values()) or _GROUP
        self.block.statements.append(f"{name} = sequence by {by} within {_span(rule)}: {steps}")
        last = f"step{len(sources)}"
        about = {role: f"{last}.{column}" for role, column in sources[-1].about.items()}
        return Group(name, keys, about)


_GROUP: Final = "everything"
"""The key of a correlation without group-by: all events are one group."""


def _group_without(keys: Mapping[str, str]) -> dict[str, str]:
    return {} if keys else {_GROUP: '"*"'}


def _group_of(group: Group) -> str:
    return next(iter(group.keys.values()), _GROUP)


def _alias(rule: SigmaCorrelationRule, name: str, reference: SigmaRuleReference) -> str:
    """What a field of the correlation is called in the events of one of its rules."""
    alias = rule.aliases.aliases.get(name)
    if alias is None:
        return name
    for known, field_name in alias.mapping.items():
        if known.reference == reference.reference:
            return str(field_name)
    raise RefusedError(f"the alias `{name}` says nothing about the rule `{reference.reference}`")


def _span(rule: SigmaCorrelationRule) -> str:
    seconds = rule.timespan.seconds
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _extended(node: object, counts: Mapping[str, str]) -> str:
    """An extended condition over the counts of its rules."""
    match node:
        case SigmaRuleReference():
            return f"{counts[node.reference]} > 0"
        case CorrelationConditionNOT():
            return f"not ({_extended(node.args[0], counts)})"
        case CorrelationConditionAND() | CorrelationConditionOR():
            word = " and " if isinstance(node, CorrelationConditionAND) else " or "
            return "(" + word.join(_extended(a, counts) for a in node.args) + ")"
    raise RefusedError("the condition of the correlation is empty")


def _all_of(node: object) -> list[str]:
    """The rules of a condition that joins them by `and` alone, in order."""
    match node:
        case SigmaRuleReference():
            return [node.reference]
        case CorrelationConditionAND():
            return [name for a in node.args for name in _all_of(a)]
    raise RefusedError("an order of rules with `or` or `not` between them has no equal here")


def _asks_for_all(condition: SigmaCorrelationCondition, count: int) -> bool:
    asked_for = (condition.op, condition.count)
    return asked_for in (
        (SigmaCorrelationConditionOperator.GTE, count),
        (SigmaCorrelationConditionOperator.EQ, count),
        (SigmaCorrelationConditionOperator.GT, count - 1),
    )
