"""Outlier: how easily a row's numbers are told from those of all days, by an isolation forest.

Liu, Ting, Zhou, «Isolation forest» (ICDM 2008), as scikit-learn trains it, over one sample per key
and day. The forest is kept as the boxes of its leaves: a row lies in one box of each tree, and the
mean length of the ways there gives the score, so that it can be read as a table. Knows no SQL, no
clock and no file; reproducible by its seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What training depends on beside the data."""

    trees: int = 100
    sample: int = 512
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outlier:
    """A trained forest: `low` < arcsinh(x) <= `high` bounds each leaf (rows) in each column, `way`
    is the length of the way there, `tree` its tree. `usual`: the length of a way among samples of
    the size that was trained on. `medians` and `p99` of the columns tell what is usual.
    """

    columns: tuple[str, ...]
    tree: NDArray[np.int64]
    low: Floats
    high: Floats
    way: Floats
    usual: float
    medians: Floats
    p99: Floats

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return int(self.tree.max()) + 1

    def score(self, samples: Floats) -> Floats:
        """0..1 of samples (rows) by the columns: 0.5 and less is ordinary (equation 2)."""
        placed = np.arcsinh(samples)
        ways = np.zeros(len(samples))
        for low, high, way in zip(self.low, self.high, self.way, strict=True):
            ways[((placed > low) & (placed <= high)).all(axis=1)] += way
        scores: Floats = 2.0 ** (-ways / self.trees / self.usual)
        return scores


def train_outlier(
    columns: Sequence[str], samples: Floats, parameters: Parameters | None = None
) -> Outlier:
    """Train on samples (rows). Raises ValueError where there are fewer than two, and ImportError
    where the extra `models` is not installed.
    """
    if len(samples) < 2:
        raise ValueError("there is too little to learn from: fewer than two samples")
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - an extra, and slow to import

    chosen = parameters or Parameters()
    size = min(chosen.sample, len(samples))
    forest = IsolationForest(
        n_estimators=chosen.trees, max_samples=size, random_state=chosen.seed
    ).fit(np.arcsinh(samples))
    boxes = [_boxes(tree.tree_, len(columns)) for tree in forest.estimators_]
    numbers = [np.full(len(way), i) for i, (_, _, way) in enumerate(boxes)]
    return Outlier(
        tuple(columns),
        np.concatenate(numbers),
        np.concatenate([low for low, _, _ in boxes]),
        np.concatenate([high for _, high, _ in boxes]),
        np.concatenate([way for _, _, way in boxes]),
        float(_usual_way(np.array([size]))[0]),
        np.median(samples, axis=0),
        np.quantile(samples, 0.99, axis=0),
    )


def _boxes(tree: Any, columns: int) -> tuple[Floats, Floats, Floats]:
    """The leaves of a tree of scikit-learn: their lower and upper bounds, the ways to them."""
    lows, highs, ways = [], [], []
    waiting = [(0, np.full(columns, -np.inf), np.full(columns, np.inf), 0)]
    while waiting:
        node, low, high, depth = waiting.pop()
        if tree.children_left[node] < 0:
            lows.append(low)
            highs.append(high)
            ways.append(depth + _usual_way(tree.n_node_samples[node : node + 1])[0])
            continue
        column, border = tree.feature[node], tree.threshold[node]
        below, above = high.copy(), low.copy()
        below[column] = min(below[column], border)
        above[column] = max(above[column], border)
        waiting.append((tree.children_left[node], low, below, depth + 1))
        waiting.append((tree.children_right[node], above, high, depth + 1))
    return np.array(lows), np.array(highs), np.array(ways)


def _usual_way(samples: NDArray[np.int64]) -> Floats:
    """The mean length of an unsuccessful search in a binary tree of so many samples (equation 1)."""
    count = samples.astype(np.float64)
    many = 2.0 * (np.log(np.maximum(count, 3) - 1.0) + np.euler_gamma) - 2.0 * (
        np.maximum(count, 3) - 1.0
    ) / np.maximum(count, 3)
    found: Floats = np.where(count <= 1, 0.0, np.where(count == 2, 1.0, many))
    return found
