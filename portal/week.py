"""The hours of a week as a picture of 24 by 7 cells, from how much happened in each. Pure geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

from portal.languages import Text, said

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS: Final = (
    Text("Mon"),
    Text("Tue"),
    Text("Wed"),
    Text("Thu"),
    Text("Fri"),
    Text("Sat"),
    Text("Sun"),
)
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
    """`busy`: hours in which something happened; `most`: the one in which most did."""

    cells: list[Cell]
    days: list[tuple[str, int]]
    busy: int
    most: str


def week(hours: Sequence[int], language: str) -> Week:
    """`hours`: 168 numbers, from Monday 0:00 UTC; `language`: of the names of days."""
    days = [said(day, language) for day in DAYS]

    def named(hour: int) -> str:
        return f"{days[hour // 24]} {hour % 24}:00"

    most = max(hours)
    cells: list[Cell] = [
        {
            "x": _LEFT + _CELL * (i % 24), "y": _CELL * (i // 24),
            "level": 0 if not count else max(1, round(_LEVELS * count / most)),
            "title": f"{named(i)}: {count}",
        }
        for i, count in enumerate(hours)
    ]  # fmt: skip
    return {
        "cells": cells,
        "days": [(day, _CELL * (i + 1) - 2) for i, day in enumerate(days)],
        "busy": sum(map(bool, hours)),
        "most": named(hours.index(most)),
    }
