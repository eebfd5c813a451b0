"""Where the columns of an expression stand in the SQL around it, and what is joined for it.

A plan names columns of one row (`src_ip`) or of several by a prefix (`first.src_ip`, `of.ip`);
SQL reads them from aliased relations. What an expression asks of the directory or of lists is
joined to the query it stands in: DuckDB plans a plain left join ten times as fast as the correlated
subquery that says the same. Knows no operator and no function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.terms import (
    DIALECT,
    column,
    conjunction,
    equal,
    named,
    select,
    star,
    stored,
    text,
    valid,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Scope:
    """Columns are read from `table`; those with a prefix in `sides` from that table, without it.

    `ts` is the column at whose time directory and lists are asked; `domain` the column with the
    domain of the row, if it has one. One scope serves one query, which must be given to `attach`
    once its expressions are lowered.
    """

    table: str = "r"
    sides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ts: str = "ts"
    domain: str | None = None
    joined: dict[str, tuple[exp.Expr, exp.Expr]] = field(default_factory=dict, compare=False)
    computed: dict[str, exp.Expr] | None = field(default=None, compare=False)
    """Answers of subqueries that are columns of `table`, computed in a query below; None: there is
    no such query.
    """

    def column(self, name: str) -> exp.Expr:
        for prefix, table in self.sides.items():
            if name.startswith(prefix):
                return column(name.removeprefix(prefix), table)
        return column(name, self.table)

    @property
    def time(self) -> exp.Expr:
        return self.column(self.ts)

    def entity(self, kind: str, key: exp.Expr) -> str:
        """The alias of the directory's object with this key at the row's time. Intervals of one
        key never overlap, so a row stays one row.
        """

        def on(alias: str) -> exp.Expr | None:
            same = [
                equal(column("key", alias), key),
                of_kind(kind, alias),
                valid(alias, self.time),
            ]
            return conjunction(same)

        return self.join(f"{kind} {key.sql()}", lambda alias: stored("dir_object", alias), on)

    def plainly(self, value: exp.Expr) -> exp.Expr | None:
        """The value as one that may stand in the condition of a join; None where it may not."""
        if plain(value):
            return value
        if self.computed is None:
            return None
        said = value.sql(dialect=DIALECT)
        for known, computed in self.computed.items():
            if computed.sql(dialect=DIALECT) == said:
                return column(known, self.table)
        new = f"_c{len(self.computed)}"
        self.computed[new] = value
        return column(new, self.table)

    def join(
        self,
        what: str,
        source: Callable[[str], exp.Expr],
        on: Callable[[str], exp.Expr | None],
    ) -> str:
        """The alias of what is joined; `what` names it, so that it is joined once. It must have at
        most one row for each row of the query.
        """
        for alias, (relation, _) in self.joined.items():
            if relation.meta.get("what") == what:
                return alias
        alias = f"_{len(self.joined)}"
        relation = source(alias)
        relation.meta["what"] = what
        self.joined[alias] = (relation, on(alias) or exp.true())
        return alias

    def attach(self, query: exp.Select) -> exp.Select:
        """The query with everything joined that its expressions ask for."""
        if self.computed:
            self._compute_below(query, self.computed)
        for relation, on in self.joined.values():
            query = query.join(relation, on=on, join_type="left", copy=False)
        return query

    def _compute_below(self, query: exp.Select, computed: Mapping[str, exp.Expr]) -> None:
        """Read the query's table with the computed columns, which its own rows do not carry on."""
        values = [named(value, known) for known, value in computed.items()]
        below = select(star(self.table), *values, source=query.args["from_"].this)
        alias = exp.TableAlias(this=exp.to_identifier(self.table, quoted=True))
        query.from_(exp.Subquery(this=below, alias=alias), copy=False)
        for whole in query.expressions:
            if isinstance(whole, exp.Column) and isinstance(whole.this, exp.Star):
                left_out = whole.this.args.get("except_") or []
                known = [exp.to_identifier(n, quoted=True) for n in computed]
                whole.this.set("except_", [*left_out, *known])


def plain(value: exp.Expr) -> bool:
    """Whether a value may stand in the condition of a join: a subquery may not."""
    return value.find(exp.Select) is None


def of_kind(kind: str, alias: str) -> exp.Expr:
    """Whether an object is of a kind; accounts and groups share one name space (MS-ADTS §3.1.1.6,
    sAMAccountName), so a column of either may hold both.
    """
    named = ("account", "group") if kind in ("account", "group") else (kind,)
    return exp.In(this=column("kind", alias), expressions=[text(k) for k in named])
