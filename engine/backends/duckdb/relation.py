"""What a lowered relation is, and the statement that it is part of.

A relation is one common table expression. Besides the plan's columns its rows carry `ts`, `tie`,
`start`, `_lineage` (from which evidence is found again, see `lineage`) and `_overflow` (a set of
the row was cut). What nobody reads, DuckDB prunes: they cost nothing until an alert needs them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from engine.backends.duckdb.terms import (
    column,
    name,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.plan import Columns
    from engine.backends.duckdb.lineage import Lineage

LINEAGE: Final = "_lineage"
OVERFLOW: Final = "_overflow"
IMPLIED: Final = ("ts", "tie", "start")
CARRIED: Final = (*IMPLIED, LINEAGE, OVERFLOW)


@dataclass(frozen=True)
class Relation:
    """A lowered node: its name in the statement, its columns, and where its evidence is."""

    name: str
    columns: Columns
    lineage: Lineage

    @property
    def domain(self) -> str | None:
        """The column with the domain of the row, if there is one."""
        return "domain" if any(n == "domain" for n, _ in self.columns) else None

    @property
    def names(self) -> list[str]:
        """The columns of the plan without those that every row carries."""
        return [n for n, _ in self.columns if n not in CARRIED]


@dataclass
class Statement:
    """The relations of one SQL statement, in the order in which they must stand."""

    parts: dict[str, exp.Query] = field(default_factory=dict)
    reads: dict[str, list[str]] = field(default_factory=dict)
    computed_first: set[str] = field(default_factory=set)

    def add(self, wanted: str, query: exp.Query) -> str:
        """Name a query, which may read itself under the wanted name; the name it got."""
        free = self.free(wanted)
        self.parts[free] = query
        self.reads[free] = self._read(query)
        return free

    def free(self, wanted: str) -> str:
        """The name that a query added under `wanted` would get."""
        found, number = wanted, 2
        while found in self.parts:
            found, number = f"{wanted}.{number}", number + 1
        return found

    def finish(self, final: exp.Select) -> exp.Select:
        """The whole statement. What is read more than once is materialised, so that it is computed
        once and its row numbers are the same for all readers; the rest is inlined. What the final
        query does not reach is left out.
        """
        direct = self._read(final)
        reached: set[str] = set()
        waiting = list(direct)
        while waiting:
            part = waiting.pop()
            if part not in reached:
                reached.add(part)
                waiting += self.reads[part]
        readers = Counter(
            n for names in [direct, *map(self.reads.get, reached)] for n in names or ()
        )
        for part, query in self.parts.items():
            if part in reached:
                final = final.with_(
                    name(part),
                    query,
                    materialized=readers[part] > 1 or part in self.computed_first,
                    copy=False,
                )
        return final

    def _read(self, query: exp.Query) -> list[str]:
        tables = query.find_all(exp.Table)
        return [t.name for t in tables if not t.args.get("db") and t.name in self.parts]


def present(declared: Columns, names: Iterable[str]) -> Columns:
    """Those of the plan's columns that are there: what no one reads is left out below."""
    there = set(names)
    return tuple((n, k) for n, k in declared if n in there)


def carried(table: str = "r", *, without: tuple[str, ...] = ()) -> list[exp.Expr]:
    """The columns that every row carries, as they are."""
    return [column(n, table) for n in CARRIED if n not in without]


def aliased(value: exp.Expr, alias: str) -> exp.Expr:
    return named(value, alias)
