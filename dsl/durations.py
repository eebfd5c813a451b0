"""Durations as people write them, `10m` or `1h30m`, in microseconds.

One notation for blocks, parameters and tests. Knows nothing of grammars or files.
"""

from __future__ import annotations

import re
from typing import Final

UNITS: Final = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
}
_PART = r"(\d+)(ms|s|m|h|d)"
_WHOLE = re.compile(rf"([+-]?)((?:{_PART})+)")


def parse_duration(text: str) -> int | None:
    """Microseconds of `10m`, `1h30m`, `-6m`; None where the text is no duration."""
    whole = _WHOLE.fullmatch(text.strip())
    if whole is None:
        return None
    size = sum(int(n) * UNITS[unit] for n, unit in re.findall(_PART, whole[2]))
    return -size if whole[1] == "-" else size


def format_duration(microseconds: int) -> str:
    """The shortest exact text of a duration: `90m`, not `1h30m`; `0s` for none."""
    for unit, size in UNITS.items():
        if microseconds and microseconds % size == 0:
            return f"{microseconds // size}{unit}"
    return "0s" if microseconds == 0 else f"{microseconds / 1000:g}ms"
