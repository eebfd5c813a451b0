"""Times and durations as people write them in options, and the period they make."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from dsl.durations import parse_duration
from engine.cli import output

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Moment(click.ParamType):  # type: ignore[type-arg]  # a plain class before click 8.5
    """A day or a time, UTC unless it says otherwise, in microseconds; `end`: a day is its end."""

    name = "time"

    def __init__(self, *, end: bool = False) -> None:
        self._end = end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Microseconds since 1970; ends the command where the text is no time."""
        del param, ctx
        if isinstance(value, int):
            return value
        text = str(value)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            output.fail(f"`{text}` is no time", "write `2026-01-31` or `2026-01-31T12:00`")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        if self._end and _DAY.fullmatch(text):
            micros += timedelta(days=1) // timedelta(microseconds=1) - 1
        return micros


class Length(click.ParamType):  # type: ignore[type-arg]  # a plain class before click 8.5
    """A duration such as `30d`, in microseconds, more than nothing."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Microseconds; ends the command where the text is no duration."""
        del param, ctx
        size = value if isinstance(value, int) else parse_duration(str(value))
        if size is None or size <= 0:
            output.fail(f"`{value}` is no duration", "write a number and a unit: `30d`, `12h`")
        return size


def period(
    stored: tuple[int, int], begin: int | None, end: int | None, last: int | None
) -> tuple[int, int]:
    """First and last microsecond; what is left out is that of the stored events."""
    if begin is not None and last is not None:
        output.fail("--from and --last say the same", "give one of them")
    high = stored[1] if end is None else end
    low = high - last + 1 if last is not None else stored[0] if begin is None else begin
    if low > high:
        output.fail("the period ends before it begins")
    return low, high
