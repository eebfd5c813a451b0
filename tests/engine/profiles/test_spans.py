"""Spans of parts: whatever steps are taken, parts lie side by side, and no boundary cuts one."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from engine.profiles.spans import FINE, HOUR, MINUTE, Levels

DAY = 24 * HOUR


def _grown(levels: Levels, parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Parts (begin, width) after they grew together."""
    spans = set()
    for begin, width in parts:
        span = levels.span_of(begin)
        spans.add(span if begin + width <= sum(span) else (begin, width))
    return sorted(spans)


@pytest.mark.parametrize(
    "bucket", [MINUTE, 7 * MINUTE, 90 * MINUTE, HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY]
)
def test_parts_never_overlap_and_boundaries_lie_between_them(bucket: int) -> None:
    for seed in range(20):
        chance = random.Random(seed)
        levels = Levels(bucket)
        first = through = chance.randrange(1_000) * bucket
        now = first + chance.randrange(1, 40) * HOUR
        parts: list[tuple[int, int]] = []
        for _ in range(40):
            now += chance.randrange(1, 30) * chance.choice((MINUTE, FINE, HOUR))
            while True:
                levels.reached(levels.boundary_of(now))
                end, unit = levels.step(through, now, DAY)
                if end <= through:
                    break
                assert (end - through) % unit == 0
                assert through % unit == 0
                parts += [(begin, unit) for begin in range(through, end, unit)]
                through = end
            parts = _grown(levels, parts)
            assert all(a + width <= b for (a, width), (b, _) in pairwise(parts))
            for _ in range(10):
                asked = chance.randrange(first, through + 1)
                cut = levels.boundary(asked)
                assert cut <= asked
                assert not any(begin < cut < begin + width for begin, width in parts)


def test_a_day_that_is_open_is_kept_in_few_parts() -> None:
    levels = Levels(DAY)
    now = 100 * DAY + 23 * HOUR
    levels.reached(now)
    widths = [levels.span_of(t)[1] for t in range(99 * DAY, now, FINE)]
    spans = {levels.span_of(t) for t in range(99 * DAY, now, FINE)}
    # the day before and most of this one by quarters, ten hours and more by the hour, two by ten minutes
    assert {w: sum(1 for _, width in spans if width == w) for w in set(widths)} == {
        6 * HOUR: 5, HOUR: 15, FINE: 12,
    }  # fmt: skip
