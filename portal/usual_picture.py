"""What was usual beside what was seen, as pictures: a line of numbers, the hours around one hour.

Pure geometry for pictures of 640 wide; the words beside them say the same. Knows no detection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.usual import Measure, Usual

_LEFT: Final = 16.0
_RIGHT: Final = 624.0
_BARS: Final = 90.0
_HOUR_US: Final = 3_600_000_000
_DAY_H: Final = 24


def drawn(usual: Sequence[Usual]) -> list[dict[str, object]]:
    """Each profile with its measures; what is drawn of a measure is its `picture`. One that may not be
    asked yet holds nothing against anybody: its limits are left out.
    """
    found: list[dict[str, object]] = []
    for one in usual:
        measures = one["measures"]
        if one["ready"] is False:
            measures = [{**m, "limit": None} for m in measures]
        found.append({**one, "measures": [{**m, **_drawn(m)} for m in measures]})
    return found


def _drawn(measure: Measure) -> dict[str, object]:
    if measure["kind"] == "hour":
        return {"picture": _hours(measure["hours"], measure["observed"])}
    return {"picture": _line(measure) if measure["kind"] == "number" else None}


def _line(measure: Measure) -> dict[str, object] | None:
    """The band of what was usual, its middle, the limit and what was seen, on one line; None where
    nothing was learnt that it could lie beside.
    """
    numbers = {
        name: float(value)
        for name in ("observed", "limit", "low", "high", "median", "p95", "max")
        if isinstance(value := measure[name], int | float) and not isinstance(value, bool)
    }
    if "observed" not in numbers or len(numbers) == 1:
        return None
    least, most = min(0.0, *numbers.values()), max(numbers.values())
    if "low" in numbers:  # far from nothing, and near one another
        reach = max(abs(v - numbers["observed"]) for v in numbers.values()) or 1.0
        least = max(least, min(numbers.values()) - reach / 2)
    width = (most - least) or 1.0

    def x(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (value - least) / width, 1)

    low = numbers.get("low", 0.0)
    high = numbers.get("high", numbers.get("p95"))
    return {
        "marks": {name: x(value) for name, value in numbers.items()},
        "band": None if high is None else (x(max(low, least)), x(high)),
        "ends": (least, most),
    }


def _hours(shares: Sequence[float], observed: object) -> dict[str, object] | None:
    """A bar for each hour, the hour of the event itself in the middle."""
    if not shares or not isinstance(observed, int):
        return None
    most = max(shares) or 1.0
    step = (_RIGHT - _LEFT) / len(shares)
    first = observed // _HOUR_US - len(shares) // 2
    bars = [
        {
            "x": round(_LEFT + i * step, 1),
            "height": round(_BARS * share / most, 1),
            "share": share,
            "hour": (first + i) % _DAY_H,
            "seen": i == len(shares) // 2,
        }
        for i, share in enumerate(shares)
    ]
    return {"bars": bars, "width": round(step - 2, 1), "top": _BARS}
