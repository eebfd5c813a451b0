"""Sequences whose steps look at earlier steps: all valid chains, then the latest of each last row.

A chain is extended step by step through a join on the keys, in order and within the time. Of a step
`x N` only the N rows that end at a row can be the latest, so they are taken by their rank.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.lineage import PartsLineage
from engine.backends.duckdb.relation import LINEAGE, OVERFLOW, Relation, present
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.steps import ROW, Prepared, keys_equal, later
from engine.backends.duckdb.terms import (
    binary,
    call,
    column,
    conjunction,
    descending,
    disjunction,
    equal,
    exists,
    extracted,
    groups_back,
    minus,
    named,
    number,
    over,
    plus,
    read,
    record,
    select,
    smallest,
    star,
)

if TYPE_CHECKING:
    from dsl import plan
    from engine.backends.duckdb.nodes import Lowering

_CHAIN = "_chain"


@dataclass
class _Chains:
    """Chains so far: relation `name` has the keys, the columns of the steps as `alias.column`, and
    of the n-th row `_ts{n}`, `_tie{n}`, `_start{n}`, `_lineage{n}`, `_cut{n}`.
    """

    name: str
    rows: list[Prepared] = field(default_factory=list)
    shown: dict[str, Prepared] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return len(self.rows) - 1

    def columns(self) -> list[str]:
        return [f"{a}.{c}" for a, p in self.shown.items() for c in p.carried]


def lower_chains(
    lowering: Lowering, node: plan.Sequence, wanted: str, steps: list[Prepared]
) -> Relation:
    """The relation of a sequence with conditions across steps."""
    chains: _Chains | None = None
    unwanted: list[Prepared] = []
    for prepared in steps:
        if prepared.step.negated:
            unwanted.append(prepared)
            continue
        times = prepared.step.times
        if chains is None:
            chains = _begin(lowering, node, wanted, prepared, times)
            continue
        if unwanted:
            # the row next to the negated step is chosen by itself: it need not be the latest
            chains = _extend(lowering, node, wanted, chains, prepared, 1)
            chains = _without(lowering, node, wanted, chains, unwanted)
            times, unwanted = times - 1, []
        if times:
            chains = _extend(lowering, node, wanted, chains, prepared, times)
    if chains is None:
        raise ValueError("a sequence needs a step that is not negated")
    return _latest(lowering, node, wanted, chains)


def _own(position: int, back: int, over_: list[exp.Expr]) -> list[exp.Expr]:
    """The hidden columns of the row `back` moments before the step's row at hand. Rows of the same
    (ts, tie) are one moment: they are not after one another.
    """
    fields = {"ts": "_ts", "tie": "_tie", "start": "_start", LINEAGE: "_lineage", OVERFLOW: "_cut"}
    if back == 0:
        return [named(column(n, "s"), f"{h}{position}") for n, h in fields.items()]
    whole = record({h: column(n, "s") for n, h in fields.items()})
    order = [column("ts", "s"), column("tie", "s")]
    row = over(call("first_value", whole), over_, order, groups_back(back))
    return [named(extracted(row.copy(), h), f"{h}{position}") for h in fields.values()]


def _shown(prepared: Prepared) -> list[exp.Expr]:
    alias = prepared.step.alias
    return [named(column(c, "s"), f"{alias}.{c}") for c in prepared.carried]


def _begin(
    lowering: Lowering, node: plan.Sequence, wanted: str, prepared: Prepared, times: int
) -> _Chains:
    keys = [column(f"_k{i}", "s") for i in range(len(node.keys))]
    query = select(*keys, *_shown(prepared), source=read(prepared.rows, "s"))
    for i in range(times):
        query = query.select(*_own(i, times - 1 - i, keys))
    query = query.select(named(column(ROW, "s"), ROW))
    name = _ranked(lowering, wanted, query, times, keys)
    return _Chains(name, [prepared] * times, {prepared.step.alias: prepared})


def _ranked(
    lowering: Lowering, wanted: str, query: exp.Select, times: int, group: list[exp.Expr]
) -> str:
    """Only rows with enough rows of the step before them; each chain gets a number."""
    if times > 1:
        order = [column("ts", "s"), column("tie", "s")]
        query = query.select(named(over(call("dense_rank"), group, order), "_rank"))
    inner = lowering.add(f"{wanted}.pairs", query)
    numbered = select(
        star(without=["_rank"] if times > 1 else []),
        named(over(exp.RowNumber(), []), _CHAIN),
        source=read(inner),
    )
    if times > 1:
        numbered = numbered.where(binary(exp.GTE, column("_rank"), number(times)))
    return lowering.add(f"{wanted}.chains", numbered)


def _extend(
    lowering: Lowering,
    node: plan.Sequence,
    wanted: str,
    chains: _Chains,
    prepared: Prepared,
    times: int,
) -> _Chains:
    """Chains with `times` further rows of a step."""
    count, last = len(node.keys), chains.last
    end = (column(f"_ts{last}", "c"), column(f"_tie{last}", "c"))
    newest = plus(column("_ts0", "c"), number(node.within))
    on = conjunction(
        [
            *keys_equal(count, "c", "s"),
            later(end, (column("ts", "s"), column("tie", "s"))),
            binary(exp.LT, column("ts", "s"), newest),
        ]
    )
    known = {a: p for a, p in chains.shown.items() if a != prepared.step.alias}
    kept = [column(f"{a}.{c}", "c") for a, p in known.items() for c in p.carried]
    hidden = [
        column(f"{h}{i}", "c")
        for i in range(len(chains.rows))
        for h in ("_ts", "_tie", "_start", "_lineage", "_cut")
    ]
    group = [column(_CHAIN, "c")]
    query = select(
        *(column(f"_k{i}", "c") for i in range(count)),
        *kept,
        *hidden,
        *_shown(prepared),
        *(c for i in range(times) for c in _own(last + 1 + i, times - 1 - i, group)),
        named(column(ROW, "s"), ROW),
        source=read(chains.name, "c"),
    ).join(read(prepared.rows, "s"), on=on)
    query = _meeting(query, prepared)
    name = _ranked(lowering, wanted, query, times, group)
    shown = {**known, prepared.step.alias: prepared}
    return _Chains(name, [*chains.rows, *([prepared] * times)], shown)


def _meeting(query: exp.Select, prepared: Prepared) -> exp.Select:
    """The pairs of a chain `c` and a row `s` that meet what is left of the step's `where`."""
    if prepared.where is None:
        return query
    alias = prepared.step.alias
    scope = Scope("c", {f"{alias}.": "s"}, f"{alias}.ts", prepared.domain)
    return scope.attach(query.where(lower(prepared.where, scope)))


def _without(
    lowering: Lowering,
    node: plan.Sequence,
    wanted: str,
    chains: _Chains,
    unwanted: list[Prepared],
) -> _Chains:
    """Chains with no row of a negated step strictly between their last two rows."""
    last = chains.last
    name = chains.name
    for prepared in unwanted:
        begin = (column(f"_ts{last - 1}", "c"), column(f"_tie{last - 1}", "c"))
        end = (column(f"_ts{last}", "c"), column(f"_tie{last}", "c"))
        moment = (column("ts", "s"), column("tie", "s"))
        on = conjunction(
            [
                *keys_equal(len(node.keys), "c", "s"),
                later(begin, moment),
                later((moment[0].copy(), moment[1].copy()), end),
            ]
        )
        found = (
            select(column(_CHAIN, "c"), source=read(name, "c"))
            .join(read(prepared.rows, "s"), on=on)
            .distinct()
        )
        broken = lowering.add(f"{wanted}.broken", _meeting(found, prepared))
        same = select(number(1), source=read(broken, "b")).where(
            equal(column(_CHAIN, "b"), column(_CHAIN))
        )
        whole = select(star(), source=read(name)).where(exp.Not(this=exists(same)))
        name = lowering.add(f"{wanted}.unbroken", whole)
    return _Chains(name, chains.rows, chains.shown)


def _latest(lowering: Lowering, node: plan.Sequence, wanted: str, chains: _Chains) -> Relation:
    """Of the chains with the same last row, the one with the latest rows, compared backwards."""
    last = chains.last
    backwards = [
        descending(column(f"{h}{i}")) for i in range(last - 1, -1, -1) for h in ("_ts", "_tie")
    ]
    order = [*backwards, column(_CHAIN)]
    ranked = select(
        star(),
        named(over(exp.RowNumber(), [column(ROW)], order), "_rank"),
        source=read(chains.name),
    ).where(
        binary(
            exp.GT,
            column("_ts0"),
            minus(column(f"_ts{last}"), number(node.within)),
        )
    )
    inner = lowering.add(f"{wanted}.ranked", ranked)
    numbers = range(len(chains.rows))
    parts = {f"s{i}": column(f"_lineage{i}") for i in numbers}
    keys = [named(column(f"_k{i}"), k) for i, k in enumerate(node.keys) if k not in ("ts", "start")]
    query = select(
        *keys,
        *map(column, chains.columns()),
        named(column(f"_ts{last}"), "ts"),
        named(column(f"_tie{last}"), "tie"),
        named(smallest(*(column(f"_start{i}") for i in numbers)), "start"),
        named(record(parts), LINEAGE),
        named(disjunction(*(column(f"_cut{i}") for i in numbers)), OVERFLOW),
        source=read(inner),
    ).where(equal(column("_rank"), number(1)))
    lineage = PartsLineage(tuple(p.source.lineage for p in chains.rows), anchors=True)
    columns = present(node.columns, [*node.keys, *chains.columns()])
    return Relation(lowering.add(wanted, query), columns, lineage)
