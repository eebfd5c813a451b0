"""Out-of-order bytes against the plainest model: an array where the first writer of a cell wins."""

from __future__ import annotations

import random

import pytest

from sensor.wire.pieces import insert


@pytest.mark.parametrize("seed", range(50))
def test_first_wins_as_in_an_array(seed):
    rng = random.Random(seed)
    cells: dict[int, int] = {}
    pieces = []
    for turn in range(40):
        at, size = rng.randrange(200), rng.randrange(1, 30)
        data = rng.randbytes(size)
        fresh = {at + i: byte for i, byte in enumerate(data) if at + i not in cells}
        assert insert(pieces, at, data, turn) == len(fresh)
        cells |= fresh
        assert {p + i: byte for p, d, _ in pieces for i, byte in enumerate(d)} == cells
        assert pieces == sorted(pieces)
        assert sum(len(d) for _, d, _ in pieces) == len(cells)
        assert all(d for _, d, _ in pieces)
