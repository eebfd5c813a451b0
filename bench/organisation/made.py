"""The whole: one organisation of one seed, its ordinary rows and its campaigns, split by time.

The first `TEST_FROM` days teach; campaigns lie in the days after. Every campaign is judged in a
*world*: the ordinary rows and a few campaigns of other accounts, so that attacks stay rare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from organisation.calendar import DAYS, TEST_FROM
from organisation.days import ordinary_day
from organisation.habits import Habits
from organisation.people import People, make_people
from organisation.plants import KINDS, Plant, Planter


@dataclass(frozen=True)
class Organisation:
    """`ordinary`: rows of all days in time order; `worlds`: campaigns by world."""

    people: People
    ordinary: np.ndarray
    worlds: list[list[Plant]]


def make_organisation(seed: int, worlds: int, each: int) -> Organisation:
    """Draw an organisation with `worlds` worlds, each of `each` campaigns and twins a kind."""
    rng = np.random.default_rng(seed)
    people = make_people(rng)
    habits = Habits(people, rng)
    parts, planted = [], []
    for day in range(DAYS):
        if day == TEST_FROM:
            planted = _plants(Planter(habits, np.random.default_rng([seed, 1])), worlds, each)
        parts.append(ordinary_day(habits, day, rng))
    return Organisation(people, np.concatenate(parts), planted)


def _plants(planter: Planter, worlds: int, each: int) -> list[list[Plant]]:
    planted, number = [], 0
    for _ in range(worlds):
        taken: set[int] = set()
        world = []
        for kind in KINDS:
            for malicious in [True, False] * each:
                # one campaign an account in a world: else two attacks would be one case
                while (plant := planter.plant(number, kind, malicious=malicious)).account in taken:
                    pass
                taken.add(plant.account)
                world.append(plant)
                number += 1
        planted.append(world)
    return planted
