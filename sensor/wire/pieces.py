"""Bytes that came out of order, sorted by position and without overlap: what came first stays.

Used for early TCP segments and IP fragments. First-wins is the policy of Windows for both, and
what an attacker sends afterwards cannot rewrite what a reader has already seen.
"""

from __future__ import annotations

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
    fresh: list[Piece] = []
    position = at
    for start, old, _ in pieces:
        if start >= end:
            break
        stop = start + len(old)
        if stop <= position:
            continue
        if start > position:
            fresh.append((position, data[position - at : start - at], ts))
        position = stop
        if position >= end:
            break
    if position < end:
        fresh.append((position, data[position - at :], ts))
    if not fresh:
        return 0
    pieces.extend(fresh)
    pieces.sort()
    added = 0
    for piece in fresh:
        added += len(piece[1])
    return added
