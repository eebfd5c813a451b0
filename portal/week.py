"""The hours of a week as a picture of 24 by 7 cells, from how much happened in each. Pure geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL: Final = 10
_LEFT: Final = 26
_LEVELS: Final = 4


class Cell(TypedDict):
    """An hour: its place, how full it is (0 nothing, to 4), and in words."""

    x: int
    y: int
    level: int
    title: str


class Week(TypedDict):
    """`said`: the picture in a sentence."""

    cells: list[Cell]
    days: list[tuple[str, int]]
    said: str


def week(hours: Sequence[int]) -> Week:
    """`hours`: 168 numbers, from Monday 0:00 UTC."""
    most = max(hours)
    cells: list[Cell] = [
        {
            "x": _LEFT + _CELL * (i % 24), "y": _CELL * (i // 24),
            "level": 0 if not count else max(1, round(_LEVELS * count / most)),
            "title": f"{_named(i)}: {count}",
        }
        for i, count in enumerate(hours)
    ]  # fmt: skip
    busy = [i for i, count in enumerate(hours) if count]
    said = f"{len(busy)} of 168 hours of the week; most on {_named(hours.index(most))} UTC"
    return {"cells": cells, "days": [(d, _CELL * (i + 1) - 2) for i, d in enumerate(DAYS)], "said": said}  # fmt: skip


def _named(hour: int) -> str:
    return f"{DAYS[hour // 24]} {hour % 24}:00"
