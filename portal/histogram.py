"""Rows of an answer as pictures: how many over time, how many of each value. Pure geometry, 640 wide."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH: Final = 640.0
_HEIGHT: Final = 120.0
_STEPS: Final = 40
_BARS: Final = 15
_BAR: Final = 260.0


def over_time(values: Sequence[object]) -> dict[str, object] | None:
    """Bars of equal spans; None where fewer than two moments are among the values (ISO texts)."""
    times = [at for v in values if (at := _moment(v)) is not None]
    if len(set(times)) < 2:
        return None
    low, high = min(times), max(times)
    span = (high - low) / _STEPS
    counts = Counter(min(_STEPS - 1, int((at - low) / span)) for at in times)
    most = max(counts.values())
    width = _WIDTH / _STEPS
    bars = [
        {
            "x": round(step * width, 1), "y": round(_HEIGHT * (1 - counts[step] / most), 1),
            "height": round(_HEIGHT * counts[step] / most, 1), "count": counts[step],
        }
        for step in sorted(counts)
    ]  # fmt: skip
    return {
        "bars": bars, "width": round(width - 2, 1), "most": most, "rows": len(times),
        "low": int(low * 1_000_000), "high": int(high * 1_000_000),
    }  # fmt: skip


def by_value(values: Sequence[object]) -> list[dict[str, object]]:
    """The most frequent values with the length of their bars; the rest are one."""
    flat = [one for v in values for one in (v if isinstance(v, list) else [v])]
    counts = Counter("" if v is None else str(v) for v in flat).most_common()
    shown, rest = counts[:_BARS], counts[_BARS:]
    most = max((n for _, n in shown), default=1)
    found: list[dict[str, object]] = [
        {"value": value, "count": n, "width": round(_BAR * n / most, 1)} for value, n in shown
    ]
    if rest:
        found.append(
            {"value": None, "others": len(rest), "count": sum(n for _, n in rest), "width": 0}
        )
    return found


def _moment(value: object) -> float | None:
    if not isinstance(value, str) or len(value) < len("2026-01-01T00:00") or value[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None
