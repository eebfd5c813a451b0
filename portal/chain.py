"""Where the marks of the chain stand: alerts by phase (lanes, in the order of an intrusion) and time.

Pure geometry for a picture of 1,000 wide: no colour, no text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portal.reading.alerts import AlertLine

PHASES: Final = (
    "reconnaissance", "compromised_credentials", "credential_access", "lateral_movement",
    "privilege_escalation", "persistence", "domain_dominance", "command_and_control",
    "exfiltration", "impact",
)  # fmt: skip
"""As detections name them, in the order in which an intrusion goes through them."""
_LEFT: Final = 190.0
_RIGHT: Final = 985.0
_LANE: Final = 26.0
_TOP: Final = 20.0
_BREAK: Final = 26.0
_QUIET_S: Final = 3_600.0
"""Shorter silences are never left out of the picture."""
_DAY_S: Final = 86_400
_STEPS: Final = (
    30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, _DAY_S, 2 * _DAY_S, 7 * _DAY_S, 30 * _DAY_S,
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Span(NamedTuple):
    """Seconds [low, high] drawn from `left` to `right`."""

    low: float
    high: float
    left: float
    right: float


def chain(alerts: Sequence[AlertLine]) -> dict[str, object]:
    """Lanes, marks, ticks and the thread through the first mark of each phase; sizes of the picture.

    Where nothing happened for long, the picture is broken.
    """
    phases = [p for p in PHASES if any(a["kill_chain"] == p for a in alerts)]
    phases += sorted({a["kill_chain"] for a in alerts}.difference(PHASES))
    spans = _spans(sorted(_time(t) for a in alerts for t in (a["first_seen"], a["last_seen"])))

    def x(at: float) -> float:
        span = next((s for s in spans if at <= s.high), spans[-1])
        part = (at - span.low) / (span.high - span.low)
        return round(span.left + (span.right - span.left) * min(1.0, max(0.0, part)), 1)

    lanes = [
        {"phase": p, "y": _TOP + _LANE * i, "count": sum(a["kill_chain"] == p for a in alerts)}
        for i, p in enumerate(phases)
    ]
    at = {p: _TOP + _LANE * i for i, p in enumerate(phases)}
    marks = [
        {
            "alert": a, "y": at[a["kill_chain"]], "from": x(_time(a["first_seen"])),
            "to": x(_time(a["last_seen"])),
        }
        for a in sorted(alerts, key=lambda a: (a["last_seen"], a["number"]))
    ]  # fmt: skip
    begun = sorted((min(_firsts(alerts, p)), p) for p in phases)
    thread = " ".join(f"{x(t)},{at[p]}" for t, p in begun)
    ticks = [tick for span in spans for tick in _ticks(span, x)]
    return {
        "lanes": lanes, "marks": marks, "ticks": ticks, "thread": thread,
        "breaks": [s.right + _BREAK / 2 for s in spans[:-1]],
        "height": _TOP + _LANE * len(phases) + 14, "left": _LEFT, "right": _RIGHT,
    }  # fmt: skip


def _spans(times: Sequence[float]) -> list[_Span]:
    """Times parted where nothing happened for long; each part as wide as much happened in it."""
    parts: list[list[float]] = [[times[0]]] if times else [[0.0]]
    quiet = max(_QUIET_S, (times[-1] - times[0]) * 0.2) if times else 0.0
    for at in times[1:]:
        if at - parts[-1][-1] > quiet:
            parts.append([])
        parts[-1].append(at)
    room = _RIGHT - _LEFT - _BREAK * (len(parts) - 1)
    weight = sum(len(p) + 4 for p in parts)
    spans, left = [], _LEFT
    for part in parts:
        width = room * (len(part) + 4) / weight
        spare = max((part[-1] - part[0]) * 0.06, 20.0)
        spans.append(_Span(part[0] - spare, part[-1] + spare, left, left + width))
        left += width + _BREAK
    return spans


def _firsts(alerts: Iterable[AlertLine], phase: str) -> list[float]:
    return [_time(a["first_seen"]) for a in alerts if a["kill_chain"] == phase]


def _ticks(span: _Span, x: Callable[[float], float]) -> list[dict[str, object]]:
    most = max(1, int((span.right - span.left) // 130))
    length = span.high - span.low
    step = next((s for s in _STEPS if length / s <= most), _STEPS[-1])
    form = "%m-%d" if step >= _DAY_S else "%m-%d %H:%M"
    first = int(span.low // step + 1) * step
    return [
        {"x": x(at), "text": datetime.fromtimestamp(at, UTC).strftime(form)}
        for at in range(first, int(span.high) + 1, step)
    ][: 2 * most]


def _time(text: str) -> float:
    return (datetime.fromisoformat(text) - _EPOCH) / timedelta(seconds=1)
