"""Whether an alert may be raised at once, or only when nothing that belongs before can still come.

A plan is monotone if an arriving event never makes a row untrue: then its rows are given out at
once. Everything else (absence, a `not` step, an optional join, `<`, averages, ratios) waits for the
watermark. Where a fact of the directory is used negatively (`not is_dc(x)`), the row waits until
the directory is known to be settled at its ts. Design: language.md §4.3. Lists and tags that an
administrator keeps are taken as they are: being excepted by a list is no reason to wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dsl import plan
from dsl.check.trends import (
    Columns,
    Facts,
    Trend,
    View,
    both,
    lasts,
    never_negative,
    together,
    trend,
    turned,
)
from dsl.functions import AGGREGATES
from dsl.schema.registry import event_types
from dsl.wording import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a node: their own trend, that of their columns, and what spoiled them."""

    trend: Trend
    columns: Columns
    reasons: tuple[str, ...] = ()


@dataclass(slots=True)
class Analysis:
    """One view of a plan's relations; what is referred to is looked at once."""

    relations: Mapping[str, plan.Node]
    view: View
    _known: dict[str, Rows] = field(default_factory=dict)

    def alert(self, alert: plan.AlertPlan) -> Rows:
        """The rows that reach people: of the source, without those that are excepted."""
        source = self.rows(alert.source)
        outcome = source.trend
        reasons = source.reasons
        if alert.when is not None:
            outcome = both(outcome, trend(alert.when, source.columns, self.view))
            reasons = self._blame(source, reasons, alert.when, "the alert's `when`")
        for value, listed in alert.excepts:
            inside = plan.In(value, listed, value.type)
            excepted = turned(trend(inside, source.columns, self.view))
            outcome = both(outcome, excepted)
            if lasts(source.trend) and not lasts(excepted):
                reasons = (*reasons, f"`{text_of(value)}`, excepted by @{listed.name}, may change")
        return Rows(outcome, source.columns, reasons)

    def rows(self, node: plan.Node, name: str = "") -> Rows:
        """The rows of a node; `name` is the relation it defines."""
        match node:
            case plan.Ref():
                if node.name not in self._known:
                    self._known[node.name] = self.rows(self.relations[node.name], node.name)
                return self._known[node.name]
            case plan.Scan():
                return self._scan(node)
            case plan.Match():
                return self._match(node, name)
            case plan.Union():
                return self._union(node)
            case plan.Window():
                return self._window(node, name)
            case plan.Sequence():
                return self._sequence(node, name)
            case plan.Join():
                return self._join(node, name)
            case plan.Absence():
                return self._absence(node, name)
            case plan.Given():
                return Rows("fixed", {name: Facts("fixed") for name, _ in node.columns})
            case plan.Recall():
                return self._recall(node)
            case plan.Profile():
                source = self.rows(node.source)
                return Rows(source.trend, {k: source.columns[k] for k in node.keys}, source.reasons)
            case plan.Model():
                source = self.rows(node.source)
                kept = {k: source.columns[k] for k, _ in node.columns}
                return Rows(source.trend, kept, source.reasons)

    def _scan(self, node: plan.Scan) -> Rows:
        fields = event_types()[node.event].columns
        columns = {n: Facts("fixed", fields[n].field.unit == "bytes") for n, _ in node.columns}
        columns |= {"ts": Facts("fixed", never_negative=True), "start": Facts("fixed")}
        return Rows("up" if self.view == "events" else "fixed", columns)

    def _match(self, node: plan.Match, name: str) -> Rows:
        source = self.rows(node.source)
        outcome, reasons = source.trend, source.reasons
        if node.where is not None:
            outcome = both(outcome, trend(node.where, source.columns, self.view))
            reasons = self._blame(source, reasons, node.where, f"`{name}`")
        columns = dict(source.columns)
        for let, value in node.lets:
            grows = trend(value, columns, self.view)
            columns[let] = Facts(grows, never_negative(value, columns))
        return Rows(outcome, columns, reasons)

    def _union(self, node: plan.Union) -> Rows:
        sources = [self.rows(s) for s in node.sources]
        columns: Columns = {}
        for name in (*(n for n, _ in node.columns), "ts", "start"):
            found = [s.columns[name] for s in sources if name in s.columns]
            safe = all(f.never_negative for f in found)
            columns[name] = Facts(together(f.trend for f in found), safe)
        reasons = tuple(dict.fromkeys(r for s in sources for r in s.reasons))
        return Rows(together(s.trend for s in sources), columns, reasons)

    def _window(self, node: plan.Window, name: str) -> Rows:
        source = self.rows(node.source)
        keys = together(source.columns[k].trend for k in node.keys)
        outcome = both(source.trend, keys if keys in ("fixed", "known") else "any")
        reasons = source.reasons
        if lasts(source.trend) and not lasts(outcome):
            reasons = (*reasons, f"the keys of the window `{name}` may change")
        columns = {k: source.columns[k] for k in node.keys}
        columns |= {"ts": Facts("fixed", never_negative=True)}
        columns["start"] = Facts("fixed" if source.trend == "fixed" else "any")
        for aggregate in node.aggregates:
            columns[aggregate.name] = self._aggregate(
                aggregate, source, session=node.kind == "session"
            )
        if node.having is not None:
            asked = trend(node.having, columns, self.view)
            if lasts(outcome) and not lasts(both(outcome, asked)):
                session = ", and a session may split" if node.kind == "session" else ""
                condition = text_of(_culprit(node.having, columns, self.view))
                reasons = (*reasons, f"`{name}`: `{condition}` may become false again{session}")
            outcome = both(outcome, asked)
        return Rows(outcome, columns, reasons)

    def _aggregate(self, aggregate: plan.Aggregate, source: Rows, *, session: bool) -> Facts:
        grows = source.trend
        if aggregate.where is not None:
            grows = both(grows, trend(aggregate.where, source.columns, self.view))
        arguments = together(trend(a, source.columns, self.view) for a in aggregate.arguments)
        grows = both(grows, arguments) if arguments in ("fixed", "known") else "any"
        safe = all(never_negative(a, source.columns) for a in aggregate.arguments)
        match AGGREGATES[aggregate.function].trend:
            case "down":
                grows = turned(grows)
            case "up if not negative" if not safe:
                grows = "fixed" if grows == "fixed" else "any"
            case "any":
                grows = "fixed" if grows == "fixed" else "any"
        if session and grows != "fixed":
            grows = "any"  # an earlier row may begin the session sooner, and its cap ends it sooner
        return Facts(grows, safe)

    def _sequence(self, node: plan.Sequence, name: str) -> Rows:
        sources = [self.rows(s.source) for s in node.steps]
        inside: Columns = {}
        outcome: Trend = "fixed"
        reasons = tuple(dict.fromkeys(r for s in sources for r in s.reasons))
        for step, source in zip(node.steps, sources, strict=True):
            here = inside | {f"{step.alias}.{n}": f for n, f in source.columns.items()}
            happens = source.trend
            if step.where is not None:
                happens = both(happens, trend(step.where, here, self.view))
                if all(lasts(s.trend) for s in sources):
                    reasons = self._blame(source, reasons, step.where, f"`{name}`", here)
            if step.negated:
                happens = turned(happens)
                if not lasts(happens):
                    reasons = (*reasons, f"`{name}` has a `not` step")
            else:
                inside = here
            keys = together(source.columns[k].trend for k in step.keys)
            outcome = both(outcome, both(happens, keys if keys in ("fixed", "known") else "any"))
        last = node.steps[-1]
        # a late event may give the chain other first steps
        settled = outcome == "fixed"
        columns: Columns = {}
        for column, facts in inside.items():
            stays = settled or column.startswith(f"{last.alias}.")
            columns[column] = facts if stays else Facts("any", facts.never_negative)
        for out, key in zip(node.keys, last.keys, strict=True):
            columns[out] = sources[-1].columns[key]
        columns |= {"ts": Facts("fixed", never_negative=True)}
        columns["start"] = Facts("fixed" if settled else "any")
        return Rows(outcome, columns, reasons)

    def _join(self, node: plan.Join, name: str) -> Rows:
        left, right = self.rows(node.left), self.rows(node.right)
        keys = together(
            (
                *(left.columns[k].trend for k, _ in node.keys),
                *(right.columns[k].trend for _, k in node.keys),
            )
        )
        partner: Trend = right.trend
        reasons = tuple(dict.fromkeys((*left.reasons, *right.reasons)))
        if node.optional:
            partner = "fixed" if partner == "fixed" else "any"
            if partner == "any":
                reasons = (*reasons, f"the partner of `{name}` is optional")
        outcome = both(left.trend, both(partner, keys if keys in ("fixed", "known") else "any"))
        columns = dict(left.columns)
        for column, out in node.keeps:
            facts = right.columns[column]
            # a late event may be a nearer partner
            columns[out] = facts if right.trend == "fixed" else Facts("any", facts.never_negative)
        columns["start"] = Facts("fixed" if right.trend == left.trend == "fixed" else "any")
        return Rows(outcome, columns, reasons)

    def _absence(self, node: plan.Absence, name: str) -> Rows:
        anchor, of = self.rows(node.anchor), self.rows(node.of)
        here = anchor.columns | {f"of.{n}": f for n, f in of.columns.items()}
        happens = of.trend
        if node.where is not None:
            happens = both(happens, trend(node.where, here, self.view))
        keys = together(
            (
                *(anchor.columns[k].trend for k, _ in node.keys),
                *(of.columns[k].trend for _, k in node.keys),
            )
        )
        outcome = both(anchor.trend, both(turned(happens), keys if keys == "fixed" else "any"))
        reasons = tuple(dict.fromkeys((*anchor.reasons, *of.reasons)))
        if not lasts(outcome):
            reasons = (*reasons, f"`{name}` is an absence")
        columns = anchor.columns | {"covered": Facts("any" if self.view == "events" else "fixed")}
        return Rows(outcome, columns, reasons)

    def _recall(self, node: plan.Recall) -> Rows:
        """What was learnt may still change for every row that has come, so no row is settled."""
        source, learned = self.rows(node.source), self.rows(node.profile)
        events = self.view == "events"
        outcome: Trend = "any" if events else source.trend
        reasons = source.reasons
        if events:
            reasons = (*reasons, f"what `{node.alias}` has learnt may still change")
        reads = {}
        for read in node.reads:
            settled = not events and not read.peers and learned.trend == "fixed"
            never_less = read.what in ("age", "hour_share", "buckets", "size", "score", "threshold")
            reads[f"{node.alias}.{read.name}"] = Facts("fixed" if settled else "any", never_less)
        return Rows(outcome, source.columns | reads, reasons)

    def _blame(
        self,
        source: Rows,
        reasons: tuple[str, ...],
        condition: plan.Expr,
        who: str,
        columns: Mapping[str, Facts] | None = None,
    ) -> tuple[str, ...]:
        seen = source.columns if columns is None else columns
        if not lasts(source.trend) or lasts(trend(condition, seen, self.view)):
            return reasons
        clause = text_of(_culprit(condition, seen, self.view))
        what = "may become false again" if self.view == "events" else "is a negative fact"
        return (*reasons, f"{who}: `{clause}` {what}")


def _culprit(condition: plan.Expr, columns: Mapping[str, Facts], view: View) -> plan.Expr:
    """The smallest part joined by and/or that does not last."""
    if isinstance(condition, plan.Op) and condition.operator in ("and", "or"):
        for side in (condition.left, condition.right):
            if not lasts(trend(side, columns, view)):
                return _culprit(side, columns, view)
    return condition


@dataclass(frozen=True, slots=True)
class Emission:
    """When an alert's rows are given out, and why not at once."""

    monotone: bool
    waits_for_directory: bool
    reasons: tuple[str, ...]


def emission(alert: plan.AlertPlan, relations: Mapping[str, plan.Node]) -> Emission:
    """Judge one alert statement of a plan."""
    events = Analysis(relations, "events").alert(alert)
    directory = Analysis(relations, "directory").alert(alert)
    waits = not lasts(directory.trend)
    reasons = (() if lasts(events.trend) else events.reasons) + (directory.reasons if waits else ())
    return Emission(lasts(events.trend) and not waits, waits, tuple(dict.fromkeys(reasons)))
