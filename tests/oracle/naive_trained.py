"""Trained models over Python lists: lessons, windows and scores of `dsl.plan.Model`, row by row.

The trainers are the product's, for training is what they define; what they are given and what is
made of it are written again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from naive_novelty import Told, text

from dsl import plan
from engine.models.access_anomaly import train_access_anomaly
from engine.models.lessons import Pairs
from engine.models.outlier import train_outlier

DAY = 86_400_000_000


@dataclass
class Trained:
    """One trained model of one alert, as it would have been trained in time."""

    model: plan.Model
    rows: list[Told]
    withheld: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    at: int = -1
    made: dict[int, Any] = field(default_factory=dict)

    def told(self, row: Any, names: Any) -> Told:
        kinds = [k.kind for _, k in self.model.columns]
        found = tuple(text(row.values.get(n), k) for n, k in zip(names, kinds, strict=True))
        return Told(row.ts, row.tie, found[0], found[1:], row.evidence)

    def close(self, day: int) -> None:
        """Nothing: a day is learned when it is asked for."""

    def taught(self, until: int) -> dict[int, list[Told]]:
        """Rows that teach, by the days of the window."""
        found = defaultdict(list)
        for row in sorted(self.rows, key=lambda r: (r.ts, r.tie)):
            inside = until - self.model.over // DAY <= row.day < until
            if inside and not set(row.evidence) & self.withheld[row.day]:
                found[row.day].append(row)
        return dict(sorted(found.items()))

    def trained(self, day: int) -> Any:
        if day not in self.made:
            anomaly = self.model.kind == "access_anomaly"
            self.made[day] = (self.factors if anomaly else self.forest)(self.taught(day - 1))
        return self.made[day]

    def score(self, row: Told) -> dict[str, Any] | None:
        found = self.trained(row.day)
        if found is None or row.actor is None:
            return None
        anomaly = self.model.kind == "access_anomaly"
        return (self.misfit if anomaly else self.isolated)(found, row)

    # --- access_anomaly ---------------------------------------------------------------------------

    def factors(self, taught: dict[int, list[Told]]) -> Any:
        known: dict[tuple[str, str], int] = {}
        days = 0
        for rows in taught.values():
            met: dict[tuple[str, str], tuple[int, int, str]] = {}
            for row in rows:
                for what, value in enumerate(row.values):
                    if row.actor is not None and value is not None:
                        met.setdefault((row.actor, f"{what} {value}"), (row.ts, row.tie, value))
            days += bool(met)
            fresh: dict[tuple[str, str], int] = defaultdict(int)
            learned = []
            for actor, resource in sorted(met, key=met.get):
                place = actor, resource.partition(" ")[0]
                if (actor, resource) in known:
                    learned.append((actor, resource))
                elif fresh[place] < 20:
                    fresh[place] += 1
                    learned.append((actor, resource))
            for pair in learned:
                known[pair] = known.get(pair, 0) + 1
        if days < 7:
            return None
        actors, resources = sorted({a for a, _ in known}), sorted({r for _, r in known})
        places = [(actors.index(a), resources.index(r), known[a, r]) for a, r in known]
        columns = [np.array(c) for c in zip(*sorted(places), strict=True)]
        return train_access_anomaly(
            Pairs(tuple(actors), tuple(resources), columns[0], columns[1], columns[2].astype(float))
        )

    def misfit(self, found: Any, row: Told) -> dict[str, Any] | None:
        if row.actor not in found.actors:
            return None
        a = found.actors.index(row.actor)
        fits = []
        for what, value in enumerate(row.values):
            if value is not None and f"{what} {value}" in found.resources:
                r = found.resources.index(f"{what} {value}")
                factors = zip(found.actor_factors[a], found.resource_factors[r], strict=True)
                fits.append((sum(float(x) * float(y) for x, y in factors), what))
        if not fits:
            return None
        fit, what = min(fits)
        name = (self.model.keys[1], *self.model.using)[what]
        why = (
            f"{name} {row.values[what]} fits {row.actor} {fit:.2f}; "
            f"nine in ten of what it uses fit {found.usual[a]:.2f} or better"
        )
        return {"score": max(0.0, min(1.0, 1 - fit)), "why": why, "version": ""}

    # --- outlier ----------------------------------------------------------------------------------

    def numbers(self, row: Told) -> tuple[tuple[str | None, ...], list[float] | None]:
        """The keys, and the numbers if all are there."""
        keys = len(self.model.keys)
        values = (row.actor, *row.values)
        whole = None not in values[keys:]
        return values[:keys], [float(v) for v in values[keys:]] if whole else None

    def forest(self, taught: dict[int, list[Told]]) -> Any:
        samples = []
        days = 0
        for rows in taught.values():
            greatest: dict[Any, list[float]] = {}
            for row in rows:
                keys, found = self.numbers(row)
                if found is not None and None not in keys:
                    before = greatest.get(keys, found)
                    greatest[keys] = [max(p) for p in zip(before, found, strict=True)]
            days += bool(greatest)
            samples += [greatest[k] for k in sorted(greatest)]
        return None if days < 7 else train_outlier(self.model.using, np.array(samples))

    def isolated(self, found: Any, row: Told) -> dict[str, Any] | None:
        keys, numbers = self.numbers(row)
        if numbers is None or None in keys:
            return None
        ways = []
        for root in found.roots:
            node = root
            while found.column[node] >= 0:
                placed = np.float32(np.arcsinh(numbers[found.column[node]]))
                low = placed <= found.border[node]
                node = found.below[node] if low else found.above[node]
            ways.append(found.way[node])
        score = 2 ** (-float(sum(ways)) / len(ways) / found.usual)
        return {"score": score, "why": found.why(numbers), "version": ""}
