"""How well a score finds campaigns under a budget of cases.

A case is an account's day; its rank is its highest row. A budget of n cases a day is the score that
the ordinary cases of the fourteen days before exceeded n times a day, as the engine would set it. A
campaign is found if one of its account's days in its world exceeds that. Precision and AP are given
for a stated number of campaigns in the test days (`PREVALENCE`), the planted ones weighted down to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from organisation.calendar import BEGIN, DAY, DAYS, TEST_FROM
from organisation.plants import KINDS
from organisation.scored import SCORED_FROM, Scored
from organisation.written import Names

if TYPE_CHECKING:
    from organisation.made import Organisation

BUDGETS = (1, 3, 10)
BUDGET_DAYS = 14
PREVALENCE = 12
"""Campaigns in the fifteen test days of one organisation."""


@dataclass(frozen=True)
class Judgement:
    """Shares 0..1 by budget; `kinds`: by budget and kind; `hours`: the median from a found
    campaign's first row to the row that exceeded, by budget; `raised`: ordinary cases a day."""

    ap: float
    auc: float
    found: dict[int, float]
    precision: dict[int, float]
    twins: dict[int, float]
    raised: dict[int, float]
    hours: dict[int, float]
    kinds: dict[int, dict[str, float]]
    counted: dict[str, int]


def judge(organisation: Organisation, scored: Scored, score: np.ndarray) -> Judgement:
    """Judge one score, an array beside the rows."""
    names = Names(organisation.people)
    columns = scored.columns
    ordinary = _cases(columns, score, columns["world"] < 0)
    by_day: dict[int, np.ndarray] = {
        day: np.sort([s for (_, d, _), s in ordinary.items() if d == day])[::-1]
        for day in range(SCORED_FROM, DAYS)
    }
    limits = {(n, day): _limit(by_day, n, day) for n in BUDGETS for day in range(TEST_FROM, DAYS)}
    raised = {
        n: float(np.mean([(by_day[d] > limits[n, d]).sum() for d in range(TEST_FROM, DAYS)]))
        for n in BUDGETS
    }
    planted = _cases(columns, score, columns["world"] >= 0)
    rows_of = defaultdict(list)
    for row in np.flatnonzero(columns["plant"] >= 0):
        rows_of[int(columns["plant"][row])].append(row)
    rows_of_account = defaultdict(list)
    for row in np.flatnonzero(columns["world"] >= 0):
        rows_of_account[int(columns["world"][row]), str(columns["actor"][row])].append(row)
    found = {n: defaultdict(list) for n in BUDGETS}
    twins: dict[int, list[bool]] = {n: [] for n in BUDGETS}
    hours: dict[int, list[float]] = {n: [] for n in BUDGETS}
    bad: list[float] = []
    for world, plants in enumerate(organisation.worlds):
        for plant in plants:
            account = str(names.accounts[plant.account])
            days = sorted({int(columns["day"][r]) for r in rows_of[plant.number]})
            begin = plant.begin
            days = [d for d in days if BEGIN + (d + 1) * DAY > begin]
            if plant.malicious:
                bad += [planted[world, d, account] for d in days if (world, d, account) in planted]
            for n in BUDGETS:
                over = [
                    columns["ts"][r]
                    for r in rows_of_account[world, account]
                    if columns["day"][r] in days and columns["ts"][r] >= begin
                    and score[r] > limits[n, int(columns["day"][r])]
                ]  # fmt: skip
                if plant.malicious:
                    found[n][plant.kind].append(bool(over))
                    hours[n] += [(min(over) - begin) / 3.6e9] if over else []
                else:
                    twins[n].append(bool(over))
    malicious = sum(p.malicious for w in organisation.worlds for p in w)
    weight = PREVALENCE / malicious
    good = np.concatenate([by_day[d] for d in range(TEST_FROM, DAYS)])
    caught = {n: float(np.mean([h for k in found[n].values() for h in k])) for n in BUDGETS}
    days = DAYS - TEST_FROM
    return Judgement(
        ap=_average_precision(np.array(bad), good, weight),
        auc=_auc(np.array(bad), good),
        found=caught,
        precision={
            n: caught[n] * PREVALENCE / max(caught[n] * PREVALENCE + raised[n] * days, 1e-9)
            for n in BUDGETS
        },
        twins={n: float(np.mean(twins[n])) for n in BUDGETS},
        raised=raised,
        hours={n: float(np.median(hours[n])) if hours[n] else float("nan") for n in BUDGETS},
        kinds={n: {k: float(np.mean(found[n][k])) for k in KINDS} for n in BUDGETS},
        counted={k: len(found[BUDGETS[0]][k]) for k in KINDS},
    )


def _cases(
    columns: dict[str, np.ndarray], score: np.ndarray, chosen: np.ndarray
) -> dict[tuple[int, int, str], float]:
    """The highest score by (world, day, account)."""
    found: dict[tuple[int, int, str], float] = {}
    rows = np.flatnonzero(chosen)
    for world, day, actor, value in zip(
        columns["world"][rows],
        columns["day"][rows],
        columns["actor"][rows],
        score[rows],
        strict=True,
    ):
        key = (int(world), int(day), str(actor))
        if value > found.get(key, -1.0):
            found[key] = float(value)
    return found


def _limit(by_day: dict[int, np.ndarray], cases: int, day: int) -> float:
    past = [by_day[d] for d in range(day - BUDGET_DAYS, day) if d in by_day]
    scores = np.sort(np.concatenate(past))[::-1]
    rank = cases * len(past)
    return float(scores[rank - 1]) if len(scores) >= rank else 0.0


def _average_precision(bad: np.ndarray, good: np.ndarray, weight: float) -> float:
    scores = np.concatenate([bad, good])
    hits = np.concatenate([np.full(len(bad), weight), np.zeros(len(good))])
    misses = np.concatenate([np.zeros(len(bad)), np.ones(len(good))])
    # among equal scores the ordinary ones come first: ties are no merit
    order = np.lexsort((hits > 0, -scores))
    hits, misses = np.cumsum(hits[order]), np.cumsum(misses[order])
    gains = np.diff(hits, prepend=0.0)
    return float((hits / (hits + misses) * gains).sum() / hits[-1])


def _auc(bad: np.ndarray, good: np.ndarray) -> float:
    good = np.sort(good)
    below = np.searchsorted(good, bad, "left")
    equal = np.searchsorted(good, bad, "right") - below
    return float((below + equal / 2).mean() / len(good))
