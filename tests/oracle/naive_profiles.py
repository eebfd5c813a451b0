"""What profiles have learnt, as of one row: `dsl.plan.Recall` over lists of rows, word for word.

Everything is computed anew for every row from all rows of the profile's source, so that nothing can
be carried over by mistake.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import naive_expressions as expressions

from dsl import plan
from dsl.schema.derive import ip_bytes

if TYPE_CHECKING:
    from naive import Evaluator, Row

HOUR = 3_600_000_000
HOURS_OF_A_WEEK = 168
AT_ONCE = 100
MOST = 1000
Key = tuple[Any, ...]


@dataclass
class Seen:
    """Rows of one key in the window of a row at t, in order; `begin` is that of the open bucket."""

    rows: list[Row]
    begin: int
    bucket: int

    @property
    def closed(self) -> list[Row]:
        return [r for r in self.rows if r.ts < self.begin]

    def buckets(self) -> list[list[Row]]:
        """Closed buckets from the first that has a row on, empty ones too."""
        if not self.closed:
            return []
        first = self.rows[0].ts // self.bucket * self.bucket
        begins = range(first, self.begin, self.bucket)
        return [[r for r in self.closed if b <= r.ts < b + self.bucket] for b in begins]


@dataclass
class Recollection:
    """One `Recall` node over the rows of its profile's source, grouped by key."""

    evaluator: Evaluator
    node: plan.Recall
    profile: plan.Profile
    rows: Mapping[Key, list[Row]]

    def of(self, row: Row) -> dict[str, Any]:
        """The columns that the row gains."""
        there = {**row.values, "ts": row.ts, "start": row.start}
        key = tuple(there[column] for column, _ in self.node.keys)
        gained: dict[str, Any] = {}
        for read in self.node.reads:
            column = f"{self.node.alias}.{read.name}"
            if None in key:
                gained[column] = False if read.what == "ready" else None
            elif read.what == "ready":
                gained[column] = read.argument is None or self.true(read.argument, there | gained)
            else:
                gained[column] = self.read(read, key, row.ts, there)
        return gained

    def true(self, condition: plan.Expr, values: Mapping[str, Any]) -> bool:
        ts = values["ts"]
        return expressions.value(condition, values, ts, self.evaluator.world) is True

    def read(self, read: plan.Read, key: Key, t: int, row: Mapping[str, Any]) -> Any:
        seen = self.seen(key, t)
        learn = next((x for x in self.profile.learns if x.name == read.learn), None)
        whose = [self.seen(k, t) for k in self.peers(key, t)] if read.peers else [seen]
        match read.what:
            case "size":
                return len(whose)
            case "total":
                return self.total(learn, whose)
            case "statistic":
                return statistic(read.statistic, [v for s in whose for v in self.values(learn, s)])
            case "first_seen":
                return min((r.ts for r in seen.rows), default=None)
            case "last_seen":
                return max((r.ts for r in seen.rows), default=None)
            case "buckets":
                return len(seen.buckets())
            case "cold":
                return not seen.rows
            case "age":
                since = self.evaluator.world.observed_since(self.evaluator.read(self.profile))
                return min(self.profile.over, max(0, t - since))
            case "hour_share":
                at = expressions.value(read.argument, row, t, self.evaluator.world)
                if at is None or not seen.rows:
                    return None
                same = [r for r in seen.rows if hour_of_week(r.ts) == hour_of_week(at)]
                return len(same) / len(seen.rows)
        raise NotImplementedError(read.what)

    def seen(self, key: Key, t: int) -> Seen:
        begin = t // self.profile.bucket * self.profile.bucket
        low = begin - self.profile.over
        rows = [r for r in self.rows.get(key, []) if low <= r.ts < t]
        return Seen(rows, begin, self.profile.bucket)

    def peers(self, key: Key, t: int) -> list[Key]:
        """Other keys that were seen and have the same in common."""

        def common(k: Key) -> Any:
            values = dict(zip(self.profile.keys, k, strict=True))
            begin = t // self.profile.bucket * self.profile.bucket
            return expressions.value(self.profile.peers, values, begin, self.evaluator.world)

        mine = common(key)
        if mine is None:
            return []
        others = [k for k in self.rows if k != key and self.seen(k, t).rows]
        return [k for k in others if common(k) == mine]

    def told(self, learn: plan.Learn, rows: Iterable[Row]) -> list[tuple[Row, Key]]:
        """Rows that the learn takes, with the values of its arguments."""
        taken = []
        for row in rows:
            see = self.evaluator.seer(row)
            if learn.where is None or see(learn.where) is True:
                taken.append((row, tuple(see(a) for a in learn.arguments)))
        return [(r, values) for r, values in taken if None not in values]

    def total(self, learn: plan.Learn, whose: Sequence[Seen]) -> Any:
        if learn.function == "set":
            known = {v for seen in whose for v in self.learnt(learn, seen)}
            return sorted(known, key=order(learn))[:MOST]
        (seen,) = whose
        told = self.told(learn, seen.rows)
        values = [v[0] for _, v in told] if learn.arguments else []
        match learn.function:
            case "count":
                return len(told)
            case "sum":
                return sum(values) if values else None
            case "min":
                return min(values, default=None)
            case "max":
                return max(values, default=None)
            case "first" | "last" as end:
                if not told:
                    return None
                row, (value,) = told[0 if end == "first" else -1]
                by_row = {id(r): v[0] for r, v in told}
                self.evaluator.choose([r for r, _ in told], row, lambda r: by_row[id(r)])
                return value
        raise NotImplementedError(learn.function)

    def learnt(self, learn: plan.Learn, seen: Seen) -> set[Any]:
        """Values of a set that have been learnt: at once, or in their second bucket."""
        first_in: dict[Any, dict[int, int]] = {}
        for row, (value,) in self.told(learn, seen.rows):
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    bucket = row.ts // seen.bucket
                    first_in.setdefault(one, {}).setdefault(bucket, row.ts)
        new: dict[int, list[Any]] = {}
        for value, buckets in first_in.items():
            new.setdefault(min(buckets), []).append(value)
        by_value = order(learn) or (lambda v: v)
        at_once = set()
        for bucket, values in new.items():
            ranked = sorted(values, key=lambda v: (first_in[v][bucket], by_value(v)))
            at_once |= set(ranked[:AT_ONCE])
        return {v for v, buckets in first_in.items() if v in at_once or len(buckets) > 1}

    def values(self, learn: plan.Learn, seen: Seen) -> list[Any]:
        """What statistics are made of: a value for each closed bucket, or for each row in them."""
        if learn.function == "values":
            return [v[0] for _, v in self.told(learn, seen.closed)]
        found = [self.folded(learn, rows) for rows in seen.buckets()]
        return [v for v in found if v is not None]

    def folded(self, learn: plan.Learn, rows: list[Row]) -> Any:
        told = [v for _, v in self.told(learn, rows)]
        match learn.function:
            case "count":
                return len(told)
            case "count_distinct":
                return len({tuple(map(hashable, v)) for v in told})
            case "sum":
                return sum(v[0] for v in told)
            case "min":
                return min((v[0] for v in told), default=None)
            case "max":
                return max((v[0] for v in told), default=None)
        raise NotImplementedError(learn.function)


def order(learn: plan.Learn) -> Any:
    return ip_bytes if learn.type.kind == "ip" else None


def hashable(value: Any) -> Any:
    return tuple(map(hashable, value)) if isinstance(value, list) else value


def hour_of_week(ts: int) -> int:
    return ts // HOUR % HOURS_OF_A_WEEK


def statistic(name: str, values: list[Any]) -> Any:
    if not values:
        return None
    match name:
        case "mean":
            return sum(values) / len(values)
        case "std":
            return statistics.stdev(values) if len(values) > 1 else None
        case "median":
            return quantile(values, 0.5)
        case "mad":
            middle = quantile(values, 0.5)
            return quantile([abs(v - middle) for v in values], 0.5)
        case "p95":
            return quantile(values, 0.95)
        case "p99":
            return quantile(values, 0.99)
        case "max":
            return max(values)
    raise NotImplementedError(name)


def quantile(values: list[Any], share: float) -> float:
    """Between the neighbours of the place `share` of the way through the sorted values."""
    rising = sorted(values)
    at = share * (len(rising) - 1)
    low = math.floor(at)
    high = min(low + 1, len(rising) - 1)
    return rising[low] + (at - low) * (rising[high] - rising[low])
