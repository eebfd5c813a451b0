"""What an expression may use besides columns: parameters, lists, the names around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.check.report import Report
    from dsl.check.scope import Relation
    from dsl.plan import Value
    from dsl.syntax import Path
    from dsl.types import Type


@dataclass(frozen=True, slots=True)
class Param:
    """A declared parameter with its value in force. Durations in microseconds."""

    type: Type
    value: Value


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one block.

    `lists`: kind of every list by name; "any" = entries of several kinds. `local`: names of the
    block's relations. `profile` gives the profile or model that a dotted name begins with, None
    where it begins with none.
    `read_covered` collects the absences whose `covered` something reads.
    """

    report: Report
    params: Mapping[str, Param]
    lists: Mapping[str, str]
    local: frozenset[str]
    profile: Callable[[Path], Relation | None]
    read_covered: set[str] = field(default_factory=set)
