"""As many distinct detections as wanted: those shipped, then variants of them.

A variant differs in every number (thresholds, counts) and every span of time, and asks one thing
more of its rows' time, so that nothing can be computed once for two of them that one installation
would not share.
"""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import TYPE_CHECKING

from dsl import plan
from dsl.types import Type
from engine.cli.rules import load_rules
from engine.running import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.cli.rules import Loaded

_SPANS = frozenset({"over", "within"})


def rules(count: int) -> tuple[Loaded, list[Rule]]:
    """The shipped detections as loaded, and `count` rules: they and their variants."""
    loaded = load_rules(())
    return loaded, list(islice(_endless(loaded.rules), count))


def _endless(shipped: tuple[Rule, ...]) -> Iterator[Rule]:
    yield from shipped
    turn = 1
    while True:
        yield from (variant(rule, turn) for rule in shipped)
        turn += 1


def variant(rule: Rule, turn: int) -> Rule:
    """A rule of the same shape with other literals."""
    changed = _changed(rule.plan, turn)
    assert isinstance(changed, plan.DetectionPlan)
    name = f"{rule.plan.id}_{turn}"
    alerts = tuple(dataclasses.replace(a, when=_and(a.when, turn)) for a in changed.alerts)
    made = dataclasses.replace(changed, id=name, alerts=alerts)
    return Rule(made, dataclasses.replace(rule.envelope, id=name))


def _and(when: plan.Expr | None, turn: int) -> plan.Expr:
    late = plan.Op(">", plan.Col("ts", Type("time")), plan.Lit(turn, Type("time")), Type("bool"))
    return late if when is None else plan.Op("and", when, late, Type("bool"))


def _changed(value: object, turn: int) -> object:
    """A plan with other numbers; what is shared between detections stays as it is."""
    match value:
        case plan.Lit(number) if (
            isinstance(number, int) and not isinstance(number, bool) and number > 1
        ):
            return dataclasses.replace(value, value=number + turn)
        case tuple():
            return tuple(_changed(v, turn) for v in value)
        case plan.Scan() | plan.Ref() | Type():
            return value
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    fields = {}
    for field in dataclasses.fields(value):
        old = getattr(value, field.name)
        if field.name == "shared":
            continue
        if field.name in _SPANS:
            fields[field.name] = old - turn * 1_000_000 if old > 60_000_000 else old
        else:
            fields[field.name] = _changed(old, turn)
    return dataclasses.replace(value, **fields)
