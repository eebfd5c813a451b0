"""Where the columns of an expression stand in the SQL around it.

A plan names columns of one row (`src_ip`) or of several by a prefix (`first.src_ip`, `of.ip`);
SQL reads them from aliased relations. Knows no operator and no function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.backends.duckdb.terms import (
    column,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp


@dataclass(frozen=True)
class Scope:
    """Columns are read from `table`; those with a prefix in `sides` from that table, without it.

    `ts` is the column at whose time directory and lists are asked; `domain` the column with the
    domain of the row, if it has one.
    """

    table: str = "r"
    sides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ts: str = "ts"
    domain: str | None = None

    def column(self, name: str) -> exp.Expr:
        for prefix, table in self.sides.items():
            if name.startswith(prefix):
                return column(name.removeprefix(prefix), table)
        return column(name, self.table)

    @property
    def time(self) -> exp.Expr:
        return self.column(self.ts)
