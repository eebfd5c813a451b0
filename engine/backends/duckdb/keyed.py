"""Which keys matter: what a sequence, join or absence reads beside the rows that may end in a row
of the slice is asked only for the keys of those.

A filter goes down to the scans as long as its columns are plain columns of what is below; others
are left out on the way, for rows of further keys change nothing. Knows no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl import plan
from engine.backends.duckdb.terms import column, conjunction, equal, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

_ALIAS = "_keyed"


@dataclass(frozen=True)
class Keyed:
    """Rows are asked for only where their columns equal those of a row of `of`: pairs of (column,
    column of `of`). What has a null there is asked for by no one.
    """

    of: str
    pairs: tuple[tuple[str, str], ...]

    def below(self, names: Mapping[str, str]) -> Keyed | None:
        """The filter by the names of what is below; None where nothing is left of it."""
        kept = tuple((names[c], k) for c, k in self.pairs if c in names)
        return Keyed(self.of, kept) if kept else None

    def apply(self, query: exp.Select) -> exp.Select:
        """The rows of a query (over `r`) that are asked for."""
        on = conjunction(equal(column(c), column(k, _ALIAS)) for c, k in self.pairs)
        return query.join(read(self.of, _ALIAS), on=on, join_type="semi", copy=False)


@dataclass(frozen=True)
class AskedFirst:
    """Keys that are asked for in a question of their own, before the statement runs, and registered
    as the relation `keys` for it: those of the relation `rows`, in columns `_k0`, `_k1`, ... of the
    DuckDB types `kinds`. `needed`: without any of them the statement has no row.
    """

    rows: str
    keys: str
    kinds: tuple[str, ...]
    needed: bool


def by_keys(of: str, keys: Iterable[str]) -> Keyed | None:
    """Only keys of `of`, a relation with `_k0`, `_k1`, ...; `keys` are their names below."""
    pairs = tuple((name, f"_k{i}") for i, name in enumerate(keys))
    return Keyed(of, pairs) if pairs else None


def through_match(node: plan.Match, keyed: Keyed | None) -> Keyed | None:
    """What the source of a match is asked for: computed columns cannot be asked for."""
    if keyed is None:
        return None
    names = {n: n for n, _ in node.source.columns}
    for name, value in node.lets:
        known = names.get(value.name) if isinstance(value, plan.Col) else None
        names.pop(name, None)
        if known is not None:
            names[name] = known
    return keyed.below(names)


def own_columns(
    columns: plan.Columns, keyed: Keyed | None, *, but: Iterable[str] = ()
) -> Keyed | None:
    """What a relation is asked for by those of its columns that it has from there, but for some."""
    if keyed is None:
        return None
    left_out = set(but)
    return keyed.below({n: n for n, _ in columns if n not in left_out})


def through_step(node: plan.Sequence, step: plan.Step, keyed: Keyed | None) -> Keyed | None:
    """What a step is asked for by the keys of the sequence."""
    return None if keyed is None else keyed.below(dict(zip(node.keys, step.keys, strict=True)))
