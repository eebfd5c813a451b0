"""What an expression may use besides columns: parameters, lists, the names around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.check.report import Report
    from dsl.plan import Value
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
    block's relations, `refused` those among them that this version does not compute (profiles,
    models). `read_covered` collects the absences whose `covered` something reads.
    """

    report: Report
    params: Mapping[str, Param]
    lists: Mapping[str, str]
    local: frozenset[str]
    refused: frozenset[str]
    read_covered: set[str] = field(default_factory=set)
