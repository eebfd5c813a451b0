"""Bytes that came out of order, sorted by position and without overlap: what came first stays.

Used for early TCP segments and IP fragments. First-wins is the policy of Windows for both, and
what an attacker sends afterwards cannot rewrite what a reader has already seen.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

OVERHEAD: Final = 128
"""Bytes that a piece costs besides its data, for those who bound memory."""
Piece = tuple[int, bytes, int]
"""(position, bytes, time)"""


def insert(pieces: list[Piece], at: int, data: bytes, ts: int) -> int:
    """Put `data` at position `at` where nothing is yet; number of bytes added.

    `pieces` is sorted, stays sorted, and may grow by several entries where holes are filled.
    """
    if not pieces or at >= pieces[-1][0] + len(pieces[-1][1]):
        pieces.append((at, data, ts))
        return len(data)
    end = at + len(data)
    added = 0
    position = at
    i = bisect_left(pieces, (at,))
    if i > 0:
        position = max(at, pieces[i - 1][0] + len(pieces[i - 1][1]))
    while position < end:
        stop = min(end, pieces[i][0]) if i < len(pieces) else end
        if position < stop:
            pieces.insert(i, (position, data[position - at : stop - at], ts))
            added += stop - position
            i += 1
        if i >= len(pieces):
            break
        position = max(position, pieces[i][0] + len(pieces[i][1]))
        i += 1
    return added
