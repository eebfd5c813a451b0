"""What was usual, beside what was seen: asked of a detection's profiles when an alert is raised.

A profile goes on learning and its events are forgotten, so what it knew as of an alert stays with the
alert. For each statement that asks a profile the row behind the alert is computed once more, with what
was compared, and with the statistics that show how far off it lies. Knows no store and no page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import duckdb

from dsl import plan
from dsl.check.profiles import always
from dsl.learning import COUNT, LEARNED, SHARE
from dsl.types import Type
from engine.backends.duckdb.reading import Definitions, columns_read, parts
from engine.why import detection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from engine.alert_records import Alert
    from engine.alerts import AlertRow, RoleValue
    from engine.profiles.memory import Memory
    from engine.running import CompiledDetection
    from engine.usual import Measure, Usual

_STATISTICS: Final = ("median", "p95", "max")
_COMPARED: Final = frozenset({"<", "<=", ">", ">=", "==", "!="})
_HOUR: Final = 3_600_000_000
_HOURS: Final = range(-12, 12)
"""Hours around the row's own, for the habits of a week."""
_DAY: Final = 24 * _HOUR
_MOST_VALUES: Final = 40
"""Usual values that are kept of a set; how many there are is always said."""
_MOST: Final = 8
"""Statements with profiles of one detection that are asked."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A comparison that a statement makes with a profile: expressions over the row that asks."""

    name: str
    kind: str
    observed: plan.Expr | None
    limit: plan.Expr | None = None
    width: plan.Expr | None = None
    learn: str = ""

    @property
    def reads(self) -> frozenset[str]:
        """Columns that it needs."""
        return frozenset().union(*map(columns_read, (self.observed, self.limit, self.width)))


@dataclass(frozen=True, slots=True)
class _Question:
    """A recall with the comparisons that are made with it. `compiled`: its rows, with all columns."""

    alias: str
    compared: tuple[_Compared, ...]
    compiled: CompiledDetection


class Asking:
    """Asks the profiles of detections; what is compiled for that is kept as long as a plan is in force."""

    def __init__(
        self, compile_detection: Callable[[plan.DetectionPlan], CompiledDetection]
    ) -> None:
        self._compile = compile_detection
        self._known: dict[str, tuple[plan.DetectionPlan, list[_Question]]] = {}

    def ask(
        self,
        built: plan.DetectionPlan,
        alerts: Sequence[Alert],
        connection: duckdb.DuckDBPyConnection,
        memory: Memory | None,
    ) -> list[list[Usual]]:
        """What the detection's profiles knew of the first row behind each of its alerts; what the database
        cannot tell is left out.

        A question costs its plan, hardly its span, so it is put once for all alerts. Where an alert's row is
        not the row that asked (a window or a sequence stands between), it is sought in the alert's own time.
        """
        found: list[list[Usual]] = [[] for _ in alerts]
        low, high = min(a.first_row for a in alerts), max(a.first_row for a in alerts)
        for question in self._questions(built):

            def rows(since: int, until: int, of: _Question = question) -> list[AlertRow]:
                return of.compiled.alerts[0].rows(connection, since, until, memory)

            try:
                every = rows(low, high)
                for alert, told in zip(alerts, found, strict=True):
                    row = _behind(alert, every)
                    since = max(alert.first_seen, alert.first_row - _DAY)
                    if row is None and since < low:
                        row = _behind(alert, rows(since, alert.first_row))
                    usual = _usual(question, row) if row is not None else None
                    if usual is not None and not any(_same(usual, other) for other in told):
                        told.append(usual)
            except duckdb.Error:
                continue
        return found

    def _questions(self, built: plan.DetectionPlan) -> list[_Question]:
        before, questions = self._known.get(built.id, (None, []))
        if before is not built:
            questions = list(_questions(built, self._compile))[:_MOST]
            self._known[built.id] = built, questions
        return questions


def _behind(alert: Alert, rows: Sequence[AlertRow]) -> AlertRow | None:
    """The last of the rows, not after the alert's own, that an event of the alert stands in."""
    wanted = frozenset(alert.evidence)
    of = [r for r in rows if r.ts <= alert.first_row and not wanted.isdisjoint(r.evidence)]
    return of[-1] if of else None


def _questions(
    built: plan.DetectionPlan, compile_: Callable[[plan.DetectionPlan], CompiledDetection]
) -> Iterator[_Question]:
    definitions = Definitions(dict(built.relations), dict(built.shared))
    asking: dict[int, tuple[plan.Node, list[plan.Expr]]] = {}
    for alert in built.alerts:
        own = [e for e in (alert.when, alert.severity, alert.confidence) if e is not None]
        asking.setdefault(id(alert.source), (alert.source, []))[1].extend(own)
        for shared, node in definitions.walked(alert.source):
            if isinstance(node, plan.Match) and not shared:
                read = [node.where] if node.where is not None else []
                own = [*read, *(e for _, e in node.lets)]
                asking.setdefault(id(node.source), (node.source, own))
    for source, expressions in asking.values():
        at = source
        while isinstance(at, plan.Recall):
            _, profile = definitions.find(at.profile.name, shared=False)
            if isinstance(profile, plan.Profile):
                there = frozenset(("ts", *(n for n, _ in source.columns)))
                known = [c for c in _compared(at, profile, expressions) if c.reads <= there]
                compared = tuple(dict.fromkeys(known))
                if compared:
                    asked = _asked(built, source, at, profile, compared)
                    yield _Question(at.alias, compared, compile_(asked))
            at = at.source


def _compared(
    recall: plan.Recall, profile: plan.Profile, expressions: Iterable[plan.Expr]
) -> Iterator[_Compared]:
    """The comparisons with what the profile tells, the innermost ones."""
    before = f"{recall.alias}."
    reads = {f"{before}{r.name}": r for r in recall.reads}
    learns = {learn.name: learn for learn in profile.learns}

    def told(expr: plan.Expr) -> list[plan.Read]:
        named = [reads[n] for n in sorted(columns_read(expr)) if n in reads]
        return [r for r in named if r.learn or r.what == "hour_share"]

    for expr in (e for whole in expressions for e in parts(whole)):
        pair: tuple[plan.Expr, plan.Expr] | None = None
        if isinstance(expr, plan.In):
            pair = expr.item, expr.container
        elif isinstance(expr, plan.Op) and expr.operator == "has":
            pair = expr.right, expr.left
        if pair is not None and isinstance(pair[1], plan.Col) and pair[1].name in reads:
            yield _Compared(reads[pair[1].name].name, "set", pair[0], pair[1])
            continue
        if not isinstance(expr, plan.Op) or expr.operator not in _COMPARED or not told(expr):
            continue
        read = told(expr)[0]
        if read.what == "hour_share":
            yield _Compared(SHARE, "hour", read.argument)
            continue
        learn = learns.get(read.learn)
        if learn is None or read.peers or (learn.name == COUNT and read.what == "total"):
            continue
        counted = learn.name if LEARNED[learn.function].statistics else ""
        left, right = expr.left, expr.right
        off = _distance(left, before)
        if off is not None:
            yield _Compared(read.learn, "number", off[0], off[1], right, counted)
        elif not told(left) and columns_read(left):
            yield _Compared(read.learn, "number", left, right, learn=counted)
        elif not told(right) and columns_read(right):
            yield _Compared(read.learn, "number", right, left, learn=counted)


def _distance(expr: plan.Expr, before: str) -> tuple[plan.Expr, plan.Expr] | None:
    """Of `abs(x - usual)` the value and what it is held against."""
    for one in parts(expr):
        if isinstance(one, plan.Op) and one.operator == "-":
            sides = [one.left, one.right]
            usual = [s for s in sides if any(n.startswith(before) for n in columns_read(s))]
            if len(usual) == 1:
                return sides[1 - sides.index(usual[0])], usual[0]
    return None


def _asked(
    built: plan.DetectionPlan,
    source: plan.Node,
    recall: plan.Recall,
    profile: plan.Profile,
    compared: tuple[_Compared, ...],
) -> plan.DetectionPlan:
    """A detection whose rows are those of the recall, with what is wanted of each as roles."""
    more = [always("first_seen"), always("buckets")]
    learns = {learn.name: learn for learn in profile.learns}
    more.append(_total(learns[COUNT]) if COUNT in learns else always("age"))
    for one in compared:
        if one.learn:
            more += [_statistic(learns[one.learn], word) for word in _STATISTICS]
        if one.kind == "hour" and one.observed is not None:
            more += [_share(one.observed, hour) for hour in _HOURS]
    there = {r.name for r in recall.reads}
    added = tuple({r.name: r for r in more if r.name not in there}.values())
    columns = (*recall.columns, *((f"{recall.alias}.{r.name}", r.type) for r in added))
    wider = replace(recall, reads=(*recall.reads, *added), columns=columns)
    top = _with(source, recall, wider)
    roles: list[tuple[str, plan.Expr]] = [
        (f"{recall.alias}.{r.name}", plan.Col(f"{recall.alias}.{r.name}", r.type))
        for r in wider.reads
    ]
    kinds = dict(recall.columns)
    roles += [(f"key.{key}", plan.Col(column, kinds[column])) for column, key in recall.keys]
    for i, one in enumerate(compared):
        values = (("observed", one.observed), ("limit", one.limit), ("width", one.width))
        roles += [(f"{word}.{i}", e) for word, e in values if e is not None]
    whole = detection_of(built, top)
    return replace(whole, alerts=(replace(whole.alerts[0], roles=tuple(roles)),))


def _with(node: plan.Node, old: plan.Recall, new: plan.Recall) -> plan.Node:
    """A chain of recalls with one of them wider; those above it have its columns, too."""
    if node is old or not isinstance(node, plan.Recall):
        return new
    below = _with(node.source, old, new)
    own = tuple((f"{node.alias}.{r.name}", r.type) for r in node.reads)
    return replace(node, source=below, columns=(*below.columns, *own))


def _total(learn: plan.Learn) -> plan.Read:
    return plan.Read(learn.name, "total", learn.name, None, peers=False, argument=None, type=learn.type)  # fmt: skip


def _statistic(learn: plan.Learn, word: str) -> plan.Read:
    kind = learn.type if word == "max" or learn.type.kind == "duration" else Type("float")
    statistic: plan.Statistic = word  # type: ignore[assignment]  # of `_STATISTICS`
    return plan.Read(
        f"{learn.name}.{word}", "statistic", learn.name, statistic, peers=False, argument=None,
        type=kind,
    )  # fmt: skip


def _share(time: plan.Expr, hour: int) -> plan.Read:
    later = plan.Op("+", time, plan.Lit(hour * _HOUR, Type("duration")), Type("time"))
    return plan.Read(
        f"{SHARE} {hour}", "hour_share", "", None, peers=False, argument=later, type=Type("float")
    )


def _usual(question: _Question, row: AlertRow) -> Usual | None:
    told = row.roles
    before = f"{question.alias}."
    key = {n.removeprefix("key."): _plain(v) for n, v in told.items() if n.startswith("key.")}
    if None in key.values():
        return None
    measures = [_measure(one, i, before, told) for i, one in enumerate(question.compared)]
    return {
        "profile": question.alias,
        "key": key,
        "at": row.ts,
        "rows": told.get(f"{before}{COUNT}"),
        "first_seen": told.get(f"{before}first_seen"),
        "buckets": told.get(f"{before}buckets"),
        "ready": told.get(f"{before}ready"),
        "measures": [m for m in measures if m["observed"] is not None],
    }


def _measure(one: _Compared, index: int, before: str, told: Mapping[str, RoleValue]) -> Measure:
    limit, width = told.get(f"limit.{index}"), told.get(f"width.{index}")
    values = limit if one.kind == "set" and isinstance(limit, list) else []
    low = high = None
    if _number(limit) and _number(width):
        low, high = limit - width, limit + width  # type: ignore[operator]  # numbers
    shares = [told.get(f"{before}{SHARE} {hour}") for hour in _HOURS] if one.kind == "hour" else []
    statistics = {
        w: told.get(f"{before}{one.learn}.{w}") if one.learn else None for w in _STATISTICS
    }
    return {
        "name": one.name,
        "kind": one.kind,
        "observed": _plain(told.get(f"observed.{index}")),
        "limit": None if one.kind == "set" or width is not None else _plain(limit),
        "low": low,
        "high": high,
        "median": statistics["median"],
        "p95": statistics["p95"],
        "max": statistics["max"],
        "values": [_plain(v) for v in values[:_MOST_VALUES]],
        "size": len(values),
        "hours": [float(s) if isinstance(s, int | float) else 0.0 for s in shares],
    }


def _same(one: Usual, other: Usual) -> bool:
    return (one["profile"], one["key"], one["measures"]) == (
        other["profile"], other["key"], other["measures"],
    )  # fmt: skip


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: RoleValue) -> object:
    if isinstance(value, list):
        return [_plain(v) for v in value[:_MOST_VALUES]]
    return value.hex() if isinstance(value, bytes) else value
