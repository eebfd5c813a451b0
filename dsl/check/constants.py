"""Constant arguments out of a known set: event types, kinds of objects, time zones."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING, Final

from dsl import plan
from dsl.faults import did_you_mean
from dsl.schema.base import ENTITY_KINDS
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dsl import syntax
    from dsl.check.expressions import Expressions


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _event_types() -> frozenset[str]:
    return frozenset(event_types())


def _population_kinds() -> frozenset[str]:
    return ENTITY_KINDS


_CONSTANTS: Final[dict[str, tuple[int, Callable[[], frozenset[str]], str]]] = {
    "has_coverage": (0, _event_types, "event type"),
    "population": (0, _population_kinds, "kind of object"),
    "hour": (1, _zones, "time zone"),
    "weekday": (1, _zones, "time zone"),
    **dict.fromkeys(("minute", "day", "week", "month", "year"), (1, _zones, "time zone")),
}
"""Constants out of a known set: position, the set, what it is called."""


def constants_are_right(
    check: Expressions, name: str, node: syntax.Call, arguments: Sequence[plan.Expr]
) -> bool:
    """Report a constant that its function does not know."""
    rule = _CONSTANTS.get(name)
    if rule is None or rule[0] >= len(arguments):
        return True
    position, allowed, what = rule
    argument = arguments[position]
    known = allowed()
    # a machine without a zone database cannot tell
    if not isinstance(argument, plan.Lit) or not known or argument.value in known:
        return True
    written = str(argument.value)
    check.error(
        "D0307", node.arguments[position].at, f'there is no {what} "{written}"', "unknown",
        did_you_mean(written, known),
    )  # fmt: skip
    return False
