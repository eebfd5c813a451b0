"""The novelty model over Python lists: a transcript of `dsl.plan.Model`, day by day, value by value.

It shares nothing with the backend but the plan. Each day is closed before the next is asked: its
cases are kept, then its rows taught, but for those behind the alert that asks.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from naive_directory import World

from dsl import plan

DAY = 86_400_000_000
HOUR = 3_600_000_000
FOLDED = {"account", "host", "group", "service"}


@dataclass(frozen=True)
class Told:
    """A row as it is learned."""

    ts: int
    tie: int
    actor: str | None
    values: tuple[str | None, ...]
    evidence: tuple[int, ...] = ()

    @property
    def day(self) -> int:
        return self.ts // DAY


def text(value: Any, kind: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).lower() if kind in FOLDED else str(value)


def hour_of_week(ts: int) -> int:
    return (ts // HOUR + 72) % 168


@dataclass
class Novelty:
    """One model of one alert. `met`: (actor, what, value) by day; `hours`: (actor, hour) by day."""

    model: plan.Model
    world: World
    rows: list[Told]
    met: dict[int, set[tuple[str, int, str]]] = field(default_factory=dict)
    hours: dict[int, set[tuple[str, int]]] = field(default_factory=dict)
    cases: dict[int, list[float]] = field(default_factory=dict)
    withheld: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    at: int = -1

    @property
    def over(self) -> int:
        return self.model.over // DAY

    def told(self, row: Any, names: Iterable[str]) -> Told:
        kinds = [k.kind for _, k in self.model.columns]
        found = tuple(text(row.values.get(n), k) for n, k in zip(names, kinds, strict=True))
        return Told(row.ts, row.tie, found[0], found[1:], row.evidence)

    def of_day(self, day: int) -> list[Told]:
        return [r for r in self.rows if r.day == day]

    # --- learning ---------------------------------------------------------------------------------

    def close(self, day: int) -> None:
        highest: dict[str, float] = {}
        today = self.of_day(day)
        for row in today:
            scored = self.score(row)
            if scored is not None:
                highest[row.actor] = max(scored["score"], highest.get(row.actor, 0.0))
        self.cases[day] = sorted(highest.values(), reverse=True)
        known = set().union(*(self.met.get(d, set()) for d in self.window(day)))
        first: dict[tuple[str, int, str], tuple[int, int]] = {}
        held = {
            (r.actor, what, value)
            for r in today if self.behind_alert(r, day) for what, value in enumerate(r.values)
        }  # fmt: skip
        for row in today:
            if row.actor is None or self.behind_alert(row, day):
                continue
            for what, value in enumerate(row.values):
                key = (row.actor, what, value)
                if value is not None and (key in known or key not in held):
                    first[key] = min(first.get(key, (row.ts, row.tie)), (row.ts, row.tie))
        fresh = defaultdict(list)
        for key in sorted(first, key=lambda k: (first[k], k[2])):
            if key not in known:
                fresh[key[:2]].append(key)
        self.met[day] = {k for k in first if k in known}
        self.met[day] |= {k for keys in fresh.values() for k in keys[:20]}
        self.hours[day] = {
            (r.actor, hour_of_week(r.ts))
            for r in today if r.actor is not None and not self.behind_alert(r, day)
        }  # fmt: skip

    def behind_alert(self, row, day: int) -> bool:
        return bool(set(row.evidence) & self.withheld[day])

    def window(self, day: int) -> range:
        return range(day - self.over, day)

    # --- what is known on a day -------------------------------------------------------------------

    def days_met(self, day: int, key: tuple[str, int, str]) -> list[int]:
        return [d for d in self.window(day) if key in self.met.get(d, ())]

    def days_active(self, day: int, actor: str) -> list[int]:
        return [d for d in self.window(day) if any(a == actor for a, _ in self.hours.get(d, ()))]

    def half(self, day: int) -> int:
        begin = max(day - self.over, min(self.met, default=day - self.over))
        return day - (day - begin) // 2

    def later(self, day: int, actor: str) -> int:
        return sum(d >= self.half(day) for d in self.days_active(day, actor))

    def actors(self, day: int) -> set[str]:
        return {a for d in self.window(day) for a, _ in self.hours.get(d, ())}

    def fresh(self, day: int, actor: str, what: int) -> dict[str, int]:
        """Values first met in the later half, with the day."""
        every = {
            v
            for d in self.window(day)
            for a, w, v in self.met.get(d, ())
            if (a, w) == (actor, what)
        }
        firsts = {v: self.days_met(day, (actor, what, v))[0] for v in every}
        return {v: d for v, d in firsts.items() if d >= self.half(day)}

    def teams(self, day: int, actor: str) -> list[str | None]:
        found = next((o for o in self.world.objects(day * DAY, "account") if o.key == actor), None)
        department = found.department if found else None
        unit = ",".join(found.dn.lower().split(",")[1:]) if found and found.dn else None
        domain = found.domain if found else None
        if domain is None:
            domain = actor.split("@")[1] if "@" in actor else ""
        return [department or None, unit or None, domain]

    def hour_weeks(self, day: int, actor: str, hour: int) -> int:
        near = {(hour + s) % 168 for s in (-1, 0, 1)}
        weeks = {
            (d + 3) // 7
            for d in self.window(day)
            for a, h in self.hours.get(d, ())
            if a == actor and h in near
        }
        return min(len(weeks), self.weeks(day, actor))

    def weeks(self, day: int, actor: str) -> int:
        active = self.days_active(day, actor)
        return (day - active[0]) // 7 if active else 0

    def host_days(self, day: int, host: str) -> tuple[int, int]:
        """Days of the later half on which the host met an account first, and all its days in it."""
        what = self.host_position()
        days = {
            d
            for d in self.window(day)
            if d >= self.half(day)
            and any(w == what and v == host for _, w, v in self.met.get(d, ()))
        }
        actors = {
            a for d in self.window(day) for a, w, v in self.met.get(d, ()) if (w, v) == (what, host)
        }
        firsts = {self.days_met(day, (a, what, host))[0] for a in actors}
        return len({d for d in firsts if d >= self.half(day)}), len(days)

    def host_position(self) -> int:
        kinds = dict(self.model.columns)
        found = [i for i, n in enumerate(self.model.using, 1) if kinds[n].kind == "host"]
        return found[0] if found else 0

    # --- the score --------------------------------------------------------------------------------

    def score(self, row: Told) -> dict[str, Any] | None:
        day, actor = row.day, row.actor
        if sum(bool(self.hours.get(d)) for d in self.window(day)) < 7:
            return None
        if actor is None or row.values[0] is None:
            return None
        total = 0.0
        facts: dict[int, dict[str, Any]] = {}
        for what, value in enumerate(row.values):
            if value is not None:
                facts[what] = self.surprise(day, actor, what, value)
                total += facts[what]["nats"]
        later = self.later(day, actor)
        new = {
            r.values[0]
            for r in self.of_day(day)
            if r.actor == actor and r.ts <= row.ts and r.values[0] is not None
            and not self.days_met(day, (actor, 0, r.values[0]))
        }  # fmt: skip
        if new:
            firsts = list(self.fresh(day, actor, 0).values())
            often = sum(firsts.count(d) >= len(new) for d in set(firsts))
            total -= math.log((often + 0.5) / (later + 1))
        hour = hour_of_week(row.ts)
        everybody = self.actors(day)
        every_week = sum(self.weeks(day, a) for a in everybody)
        share = (sum(self.hour_weeks(day, a, hour) for a in everybody) + 0.5) / (every_week + 1)
        hour_weeks, weeks = self.hour_weeks(day, actor, hour), self.weeks(day, actor)
        total -= math.log((hour_weeks + share) / (weeks + 1))
        position = self.host_position()
        host = row.values[position] if position else None
        met = host_days = 0
        host_new = host is not None and facts[position]["days"] == 0
        if host_new:
            met, host_days = self.host_days(day, host)
            hosts = {
                v for d in self.window(day) for _, w, v in self.met.get(d, ()) if w == position
            }
            both = [self.host_days(day, h) for h in hosts]
            every = sum(d for _, d in both)
            pace = (sum(m for m, _ in both) + 0.5) / (every + 1)
            total -= math.log(min(1.0, (met + pace) / (host_days + 1)))
        score = 1 - math.exp(-total / 10)
        told = {
            "facts": facts, "fan": len(new), "host_new": host_new, "host_met": met,
            "host_days": host_days, "hour_weeks": hour_weeks, "weeks": weeks, "later": later,
        }  # fmt: skip
        return {"score": score, "why": self.why(row, told), "version": self.version(day)}

    def surprise(self, day: int, actor: str, what: int, value: str) -> dict[str, Any]:
        days = len(self.days_met(day, (actor, what, value)))
        others = self.actors(day) - {actor}
        teams = self.teams(day, actor)
        shares = []
        for level, team in enumerate(teams):
            members = {a for a in others if team is not None and self.teams(day, a)[level] == team}
            met = {a for a in members if self.days_met(day, (a, what, value))}
            shares.append((len(met), len(members)))
        (k0, n0), (k1, n1), (k2, n2) = shares
        p = (k2 + 0.5) / (n2 + 1)
        p = (k1 + 5 * p) / (n1 + 5)
        p = (k0 + 5 * p) / (n0 + 5)
        level = 0 if n0 >= 5 else 1 if n1 >= 5 else 2
        later = self.later(day, actor)
        fresh = len(self.fresh(day, actor, what))
        everybody = self.actors(day)
        active = sum(self.later(day, a) for a in everybody)
        pace = sum(len(self.fresh(day, a, what)) for a in everybody) / active if active else 0
        nats = -math.log(p) / (1 + days) / math.sqrt(1 + (fresh + pace) / (later + 1))
        k, n = shares[level]
        return {
            "nats": nats if days <= 7 else 0.0, "days": days, "k": k, "n": n, "team": teams[level],
            "fresh": fresh,
        }  # fmt: skip

    def threshold(self, day: int, cases: int) -> float | None:
        scored = [self.cases[d] for d in range(day - 14, day) if self.cases.get(d)]
        if len(scored) < 3:
            return None
        every = sorted((s for found in scored for s in found), reverse=True)
        rank = cases * len(scored)
        return every[rank - 1] if len(every) >= rank else 0.0

    def version(self, day: int) -> str:
        last = datetime.fromtimestamp((day - 1) * 86_400, UTC)
        return f"novelty 1, learned to {last:%Y-%m-%d}"

    def why(self, row: Told, told: dict[str, Any]) -> str:
        names = [self.model.keys[1], *self.model.using]
        facts, said = told["facts"], []

        def peers(fact: dict[str, Any]) -> str:
            return f"{fact['k']} of {fact['n']} accounts in {fact['team'] or 'the domain'}"

        first, resource = facts[0], names[0]
        if first["days"] == 0:
            said.append(f"{peers(first)} used {resource} {row.values[0]} in {self.over} days")
            if first["fresh"]:
                every = math.floor(told["later"] / first["fresh"] + 0.5)
                said.append(f"{row.actor} meets a new {resource} every {every} active days")
            elif told["later"]:
                said.append(f"{row.actor} met no new {resource} on {told['later']} active days")
        elif first["days"] <= 7:
            said.append(
                f"{resource} {row.values[0]} met on {first['days']} of 7 days that make it usual"
            )
        if told["fan"] > 1:
            said.append(f"new {resource} number {told['fan']} today")
        for position, name in enumerate(names[1:], 1):
            if position in facts and facts[position]["days"] == 0:
                fact = facts[position]
                said.append(f"{name} {row.values[position]} is new: {peers(fact)} had it")
        if told["host_new"]:
            said.append(
                f"which met a new account on {told['host_met']} of {told['host_days']} days"
                if told["host_days"]
                else "which nobody was seen at"
            )
        if told["hour_weeks"] * 2 < told["weeks"]:
            said.append(f"active at this hour in {told['hour_weeks']} of {told['weeks']} weeks")
        return "; ".join(said) or "nothing new"


def recalled(evaluator: Any, node: plan.Recall, made: type) -> list[Any]:
    """The rows of a recall that the days closed so far can tell of; later ones have null reads."""
    model = evaluator.models[node.profile.name]
    found = []
    for row in evaluator.rows(node.source):
        values = dict(row.values)
        ready = row.ts // DAY <= model.at
        asked = model.told(row, [c for c, _ in node.keys])
        scored = model.score(asked) if ready else None
        for read in node.reads:
            if read.what == "threshold":
                told = model.threshold(asked.day, read.argument.value) if ready else None
            else:
                told = None if scored is None else scored[read.what]
            values[f"{node.alias}.{read.name}"] = told
        found.append(made(values, row.ts, row.tie, row.start, row.evidence))
    return found


def by_day(evaluator: Any, alert: plan.AlertPlan) -> list[Any]:
    """The rows of an alert that asks models: what one day's alerts withhold decides the next."""
    import naive_trained

    named = {n: m for n, m in evaluator.named.items() if isinstance(m, plan.Model)}
    evaluator.models = {}
    for name, model in named.items():
        found = (
            Novelty(model, evaluator.world, [])
            if model.kind == "novelty"
            else naive_trained.Trained(model, [])
        )
        found.rows = [
            found.told(r, (n for n, _ in model.columns)) for r in evaluator.rows(model.source)
        ]
        evaluator.models[name] = found
    times = [e["ts"] // DAY for e in evaluator.events]
    rows: list[Any] = []
    for day in range(min(times), max(times) + 1 + alert.look_back // DAY + 1) if times else ():
        for model in evaluator.models.values():
            model.at = day
        evaluator.cache = {}
        today = [r for r in evaluator.alert_rows(alert) if r.ts // DAY == day]
        rows += today
        for model in evaluator.models.values():
            model.withheld[day] |= {i for r in today for i in r.evidence}
            model.close(day)
    return rows
