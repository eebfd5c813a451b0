"""The naive evaluator: a plan over Python lists, as slow and as plain as the semantics allow.

It is the oracle for every backend. It shares nothing with them but `dsl.plan`: every definition
here is a transcript of the docstrings there. Knows no time but the rows', no store, no SQL.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import naive_expressions as expressions
import naive_novelty
from naive_directory import World
from naive_profiles import Recollection

from dsl import plan
from dsl.schema.derive import ip_bytes

HOUR = 3_600_000_000


@dataclass(frozen=True)
class Row:
    """Values by column, with the columns every row carries."""

    values: Mapping[str, Any]
    ts: int
    tie: int
    start: int
    evidence: tuple[int, ...]

    @property
    def order(self) -> tuple[int, int]:
        return (self.ts, self.tie)


@dataclass(frozen=True)
class AlertRow:
    """What an alert statement makes of a row."""

    ts: int
    tie: int
    start: int
    roles: Mapping[str, Any]
    severity: str | None
    confidence: float | None
    dedup: tuple[Any, ...]
    evidence: tuple[int, ...]


@dataclass
class Evaluator:
    """Rows of a plan's nodes over events given as dicts (type, ts, tie, id, columns).

    `open_choices` counts the choices among several rows of one (ts, tie), which the plan leaves to
    the backend.
    """

    detection: plan.DetectionPlan
    events: Sequence[Mapping[str, Any]]
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.named = dict(self.detection.shared) | dict(self.detection.relations)
        self.cache: dict[str, list[Row]] = {}
        self.open_choices = 0
        self.models: dict[str, naive_novelty.Novelty] = {}

    def alerts(self) -> list[list[AlertRow]]:
        return [self.alert(a) for a in self.detection.alerts]

    def alert(self, alert: plan.AlertPlan) -> list[AlertRow]:
        if any(isinstance(node, plan.Model) for node in self.named.values()):
            return naive_novelty.by_day(self, alert)
        return self.alert_rows(alert)

    def alert_rows(self, alert: plan.AlertPlan) -> list[AlertRow]:
        made = []
        for row in self.rows(alert.source):
            see = self.seer(row)
            if alert.when is not None and see(alert.when) is not True:
                continue
            if any(see(plan.In(value, listed, None)) is True for value, listed in alert.excepts):
                continue
            made.append(
                AlertRow(
                    row.ts,
                    row.tie,
                    row.start,
                    {name: see(value) for name, value in alert.roles},
                    None if alert.severity is None else see(alert.severity),
                    None if alert.confidence is None else see(alert.confidence),
                    tuple(see(value) for _, value in alert.dedup_by),
                    row.evidence,
                )
            )
        return made

    def seer(self, row: Row):
        values = {**row.values, "ts": row.ts, "start": row.start}
        return lambda expression: expressions.value(expression, values, row.ts, self.world)

    def rows(self, node: plan.Node) -> list[Row]:
        """Rows of a node in order."""
        if isinstance(node, plan.Ref):
            if node.name not in self.cache:
                self.cache[node.name] = self.rows(self.named[node.name])
            return self.cache[node.name]
        found = getattr(self, type(node).__name__.lower())(node)
        return sorted(found, key=lambda r: r.order)

    def scan(self, node: plan.Scan) -> Iterable[Row]:
        for event in self.events:
            if event["type"] == node.event and (not node.primary_only or event.get("primary")):
                values = {name: event.get(name) for name, _ in node.columns}
                yield Row(values, event["ts"], event["tie"], event["ts"], (event["id"],))

    def given(self, node: plan.Given) -> Iterable[Row]:
        names = [n for n, _ in node.columns]
        for tie, (ts, values) in enumerate(node.rows):
            plain = [list(v) if isinstance(v, tuple) else v for v in values]
            yield Row(dict(zip(names, plain, strict=True)), ts, tie, ts, ())

    def match(self, node: plan.Match) -> Iterable[Row]:
        for row in self.rows(node.source):
            if node.where is not None and self.seer(row)(node.where) is not True:
                continue
            values = dict(row.values)
            for name, expression in node.lets:
                now = Row(values, row.ts, row.tie, row.start, row.evidence)
                values[name] = self.seer(now)(expression)
            yield Row(values, row.ts, row.tie, row.start, row.evidence)

    def union(self, node: plan.Union) -> Iterable[Row]:
        for source in node.sources:
            for row in self.rows(source):
                values = {name: row.values.get(name) for name, _ in node.columns}
                yield Row(values, row.ts, row.tie, row.start, row.evidence)

    def window(self, node: plan.Window) -> Iterable[Row]:
        for key, group in grouped(self.rows(node.source), node.keys).items():
            begins = session_begins(group, node.over) if node.kind == "session" else {}
            for row in group:
                if node.kind == "sliding":
                    low = row.ts - node.over + 1
                elif node.kind == "tumbling":
                    low = row.ts - row.ts % node.over
                else:
                    low = begins[row.ts]
                inside = [r for r in group if low <= r.ts <= row.ts]
                values = dict(zip(node.keys, key, strict=True))
                for aggregate in node.aggregates:
                    values[aggregate.name] = self.aggregate(aggregate, inside)
                made = Row(values, row.ts, row.tie, min(r.start for r in inside), united(inside))
                if node.having is None or self.seer(made)(node.having) is True:
                    yield made

    def aggregate(self, aggregate: plan.Aggregate, rows: list[Row]) -> Any:
        kept = [r for r in rows if aggregate.where is None or self.seer(r)(aggregate.where) is True]
        tuples = [tuple(self.seer(r)(a) for a in aggregate.arguments) for r in kept]
        if aggregate.function == "count":
            return len(kept)
        if aggregate.function == "count_distinct":
            return len({hashable(t) for t in tuples if None not in t})
        values = [t[0] for t in tuples if t[0] is not None]
        if aggregate.function == "set":
            flat = itertools.chain(*(v if isinstance(v, list) else [v] for v in values))
            by_bytes = aggregate.type.kind == "ip"
            known = {v for v in flat if v is not None}
            return sorted(known, key=ip_bytes if by_bytes else None)[:1000]
        if not values:
            return None
        match aggregate.function:
            case "sum":
                return sum(values)
            case "avg":
                return sum(values) / len(values)
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "first" | "last" as end:
                told = [r for r, t in zip(kept, tuples, strict=True) if t[0] is not None]
                chosen = 0 if end == "first" else -1
                self.choose(told, told[chosen], lambda r: self.seer(r)(aggregate.arguments[0]))
                return values[chosen]
            case "std":
                return statistics.stdev(values) if len(values) > 1 else None
            case "p95" | "percentile" as function:
                share = 0.95 if function == "p95" else aggregate.arguments[1].value / 100
                rising = sorted(values)
                at = share * (len(rising) - 1)
                low, part = rising[int(at)], at - int(at)
                return low + part * (rising[min(int(at) + 1, len(rising) - 1)] - low)
            case "gap_cv":
                times = sorted(values)
                gaps = [b - a for a, b in itertools.pairwise(times)]
                if len(gaps) < 2 or not sum(gaps):
                    return None
                return statistics.stdev(gaps) / statistics.mean(gaps)
        raise NotImplementedError(aggregate.function)

    def choose(self, among: list[Row], chosen: Row, of: Any = lambda r: r) -> Row:
        """The row chosen, after a look whether another of the same order could be as well."""
        same = [r for r in among if r.order == chosen.order]
        self.open_choices += any(of(r) != of(chosen) for r in same)
        return chosen

    def sequence(self, node: plan.Sequence) -> Iterable[Row]:
        steps = []
        for step in node.steps:
            by_key = grouped(self.rows(step.source), step.keys)
            steps.append((step, by_key))
        for key, group in steps[-1][1].items():
            candidates = [(step, by_key.get(key, [])) for step, by_key in steps]
            for last in group:
                chain = self.chain(candidates, last, last.ts - node.within)
                if chain is None:
                    continue
                values = dict(zip(node.keys, key, strict=True))
                for alias, row in chain.last_of.items():
                    values |= {f"{alias}.{name}": v for name, v in row.values.items()}
                    values |= {f"{alias}.ts": row.ts, f"{alias}.start": row.start}
                used = chain.rows
                yield Row(values, last.ts, last.tie, min(r.start for r in used), united(used))

    def chain(self, candidates, last: Row, after: int):
        """The latest valid chain that ends with `last`, by trying all from the latest backwards."""
        positive = [(step, rows) for step, rows in candidates if not step.negated]
        picks = [(step, rows) for step, rows in positive for _ in range(step.times)]

        def search(index: int, chosen: list[Row]) -> list[Row] | None:
            if index < 0:
                return chosen if self.valid(candidates, picks, chosen, after) else None
            for row in reversed(picks[index][1]):
                if row.order < chosen[0].order and row.ts > after:
                    found = search(index - 1, [row, *chosen])
                    if found:
                        return found
            return None

        found = search(len(picks) - 2, [last])
        if found is None:
            return None
        for (_, rows), row in zip(picks[:-1], found[:-1], strict=True):
            self.choose(rows, row)
        last_of = {step.alias: row for (step, _), row in zip(picks, found, strict=True)}
        return Chain(found, last_of)

    def valid(self, candidates, picks, chosen: list[Row], after: int) -> bool:
        if chosen[0].ts <= after:
            return False
        seen: dict[str, Row] = {}
        for (step, _), row in zip(picks, chosen, strict=True):
            if not self.meets(step, row, seen):
                return False
            seen[step.alias] = row
        position = 0
        done: dict[str, Row] = {}
        for step, rows in candidates:
            if not step.negated:
                position += step.times
                done[step.alias] = chosen[position - 1]
                continue
            low, high = chosen[position - 1].order, chosen[position].order
            if any(low < r.order < high and self.meets(step, r, done) for r in rows):
                return False
        return True

    def meets(self, step: plan.Step, row: Row, earlier: Mapping[str, Row]) -> bool:
        if step.where is None:
            return True
        values: dict[str, Any] = {}
        for alias, other in [*earlier.items(), (step.alias, row)]:
            values |= {f"{alias}.{name}": v for name, v in other.values.items()}
            values |= {f"{alias}.ts": other.ts, f"{alias}.start": other.start}
        return expressions.value(step.where, values, row.ts, self.world) is True

    def join(self, node: plan.Join) -> Iterable[Row]:
        right = grouped(self.rows(node.right), [r for _, r in node.keys])
        for key, group in grouped(self.rows(node.left), [k for k, _ in node.keys]).items():
            for row in group:
                near = nearest(row, right.get(key, []), node)
                partner = self.choose(near, near[0]) if near else None
                if partner is None and not node.optional:
                    continue
                late = row.ts if node.direction == "before" else row.ts + node.within
                values = dict(row.values)
                for column, name in node.keeps:
                    values[name] = (
                        None if partner is None else self.seer(partner)(plan.Col(column, None))
                    )
                rows = [row] if partner is None else [row, partner]
                last = row if partner is None or partner.ts <= row.ts else partner
                ts = late if partner is None else last.ts
                if partner is not None and node.direction == "around":
                    ts = row.ts + abs(partner.ts - row.ts)
                yield Row(values, ts, last.tie, min(r.start for r in rows), united(rows))

    def absence(self, node: plan.Absence) -> Iterable[Row]:
        of = grouped(self.rows(node.of), [r for _, r in node.keys])
        for key, group in grouped(self.rows(node.anchor), [k for k, _ in node.keys]).items():
            for row in group:
                following = node.direction == "following"
                if any(self.breaks(node, row, other, following) for other in of.get(key, [])):
                    continue
                low = row.ts if following else row.ts - node.within
                covered = self.world.covered(self.read(node.of), low, low + node.within)
                if not covered and not node.reads_covered:
                    continue
                ts = row.ts + node.within if following else row.ts
                yield Row({**row.values, "covered": covered}, ts, row.tie, row.start, row.evidence)

    def recall(self, node: plan.Recall) -> Iterable[Row]:
        profile = self.named[node.profile.name]
        if isinstance(profile, plan.Model):
            return naive_novelty.recalled(self, node, Row)
        return self.remembered(node, profile)

    def remembered(self, node: plan.Recall, profile: plan.Profile) -> Iterable[Row]:
        known = Recollection(self, node, profile, grouped(self.rows(profile.source), profile.keys))
        for row in self.rows(node.source):
            values = {**row.values, **known.of(row)}
            yield Row(values, row.ts, row.tie, row.start, row.evidence)

    def read(self, node: plan.Node) -> set[str]:
        """The event types that a node rests on."""
        if isinstance(node, plan.Scan):
            return {node.event}
        if isinstance(node, plan.Ref):
            return self.read(self.named[node.name])
        below = [
            getattr(node, f)
            for f in ("source", "profile", "left", "right", "anchor", "of")
            if hasattr(node, f)
        ]
        below += getattr(node, "sources", ()) or [s.source for s in getattr(node, "steps", ())]
        return set().union(*map(self.read, below))

    def breaks(self, node: plan.Absence, row: Row, other: Row, following: bool) -> bool:
        near = (
            row.order < other.order and other.ts <= row.ts + node.within
            if following
            else other.order < row.order and other.ts > row.ts - node.within
        )
        if not near or node.where is None:
            return near
        values = {**row.values, "ts": row.ts, "start": row.start}
        values |= {f"of.{name}": v for name, v in other.values.items()}
        values |= {"of.ts": other.ts, "of.start": other.start}
        return expressions.value(node.where, values, row.ts, self.world) is True


@dataclass(frozen=True)
class Chain:
    rows: list[Row]
    last_of: dict[str, Row]


def hashable(value: Any) -> Any:
    return tuple(map(hashable, value)) if isinstance(value, list | tuple) else value


def grouped(rows: Iterable[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by key, each group in order; a null key leaves."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda r: r.order):
        key = tuple({"ts": row.ts, "start": row.start, **row.values}[k] for k in keys)
        if None not in key:
            groups.setdefault(key, []).append(row)
    return groups


def united(rows: Iterable[Row]) -> tuple[int, ...]:
    """Evidence of several rows, each id once, in order of first mention."""
    return tuple(dict.fromkeys(i for r in rows for i in r.evidence))


def session_begins(group: list[Row], gap: int) -> dict[int, int]:
    """Begin of the session at each ts."""
    longest = min(24 * gap, 24 * HOUR)
    begins: dict[int, int] = {}
    begin = before = None
    for row in group:
        if before is None or row.ts - before > gap:
            begin = row.ts
        begins[row.ts] = max(begin, row.ts - longest + 1)
        before = row.ts
    return begins


def nearest(row: Row, others: Sequence[Row], node: plan.Join) -> list[Row]:
    """Rows that may be the partner of a left row, the best first."""
    if node.direction == "before":
        near = [o for o in others if o.order < row.order and o.ts > row.ts - node.within]
        return sorted(near, key=lambda o: o.order, reverse=True)
    if node.direction == "after":
        near = [o for o in others if o.order > row.order and o.ts <= row.ts + node.within]
        return sorted(near, key=lambda o: o.order)
    near = [o for o in others if abs(o.ts - row.ts) <= node.within and o.order != row.order]
    return sorted(near, key=lambda o: (abs(o.ts - row.ts), o.order))
