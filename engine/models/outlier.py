"""Outlier: how easily a row's numbers are told from those of other days, by an isolation forest.

Liu, Ting, Zhou, «Isolation forest» (ICDM 2008), as scikit-learn trains it, over one sample per key
and day. The trees are kept as plain arrays and walked by numpy, so that scoring needs no scikit-learn.
Knows no SQL, no clock and no file; reproducible by its seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
Numbers = NDArray[np.int32]
_LEAF: Final = -1
_PARTS: Final = 201
"""Quantiles kept of each column: 0, 0.5 %, 1 % and so on."""
_AT_ONCE: Final = 4_096
"""Samples walked at a time, times the trees."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What training depends on beside the data."""

    trees: int = 100
    sample: int = 512
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outlier:
    """A trained forest. Node i of all trees: where arcsinh of its `column` is at most `border` the
    walk goes on at `below`, else at `above`; at a leaf (`column` -1) it ends after `way` steps, those
    of a tree that would have told the leaf's samples apart among them. `roots`: the nodes where the
    trees begin. `usual`: the mean of a way among samples of the size that was trained on.
    `quantiles` (201 rows) of the columns as they were trained on tell what is usual.
    """

    columns: tuple[str, ...]
    roots: Numbers
    column: Numbers
    border: Floats
    below: Numbers
    above: Numbers
    way: Floats
    usual: float
    quantiles: Floats

    def score(self, samples: Floats) -> Floats:
        """0..1 of samples (rows) by the columns: 0.5 and less is ordinary (equation 2)."""
        parts = [
            self._score(samples[begin : begin + _AT_ONCE])
            for begin in range(0, len(samples), _AT_ONCE)
        ]
        return np.concatenate([np.empty(0), *parts])

    def _score(self, samples: Floats) -> Floats:
        # scikit-learn places samples as 32 bit numbers
        placed = np.arcsinh(samples).astype(np.float32)
        rows = np.arange(len(samples))[:, None]
        nodes = np.broadcast_to(self.roots, (len(samples), len(self.roots)))
        while (going := self.column[nodes] != _LEAF).any():
            low = placed[rows, self.column[nodes]] <= self.border[nodes]
            following = np.where(low, self.below[nodes], self.above[nodes])
            nodes = np.where(going, following, nodes)
        scores: Floats = 2.0 ** (-self.way[nodes].mean(axis=1) / self.usual)
        return scores

    def why(self, sample: Sequence[float]) -> str:
        """The numbers of a sample that are furthest from their median, two at most, each with how
        much of what was learned lies below or above.
        """
        told = []
        for i, value in enumerate(sample):
            usual = self.quantiles[:, i]
            less = float(np.searchsorted(usual, value, side="left")) / _PARTS
            more = 1 - float(np.searchsorted(usual, value, side="right")) / _PARTS
            side, share = ("more", less) if less >= more else ("less", more)
            median = float(usual[_PARTS // 2])
            text = f"{self.columns[i]} {value:.6g}, {side} than on {_share(share)} (half have {median:.6g} or less)"
            told.append((-share, i, text))
        return "; ".join(text for _, _, text in sorted(told)[:2])

    def fault(self) -> str:
        """What is wrong with the arrays, empty where nothing is: a walk that would not end, or
        leave them.
        """
        size = len(self.column)
        arrays = (self.column, self.border, self.below, self.above, self.way)
        whole = all(a.ndim == 1 and len(a) == size for a in arrays) and self.roots.ndim == 1
        numbers = (self.roots, self.column, self.below, self.above)
        reals = (self.border, self.way, self.quantiles)
        whole = whole and all(a.dtype.kind == "i" for a in numbers)
        if not whole or not len(self.roots) or any(a.dtype.kind != "f" for a in reals):
            return "the arrays do not go together"
        if self.quantiles.shape != (_PARTS, len(self.columns)):
            return "the quantiles are not those of the columns"
        inner = np.flatnonzero(self.column != _LEAF)
        if ((self.roots < 0) | (self.roots >= size)).any():
            return "a tree begins nowhere"
        if ((self.column < _LEAF) | (self.column >= len(self.columns))).any():
            return "a node asks for a column that is not there"
        for following in (self.below[inner], self.above[inner]):
            # children stand behind their parents, so every walk ends
            if ((following <= inner) | (following >= size)).any():
                return "a node goes on at none behind it"
        if not all(np.isfinite(a).all() for a in reals):
            return "there is a border, a way or a quantile that is no number"
        return "" if np.isfinite(self.usual) and self.usual > 0 else "there is no usual way"


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
    trees = [e.tree_ for e in forest.estimators_]
    roots = np.cumsum([0, *(t.node_count for t in trees)])[:-1]
    parts = [_flat(tree, root) for tree, root in zip(trees, roots, strict=True)]
    column, border, below, above, way = (np.concatenate(p) for p in zip(*parts, strict=True))
    return Outlier(
        tuple(columns),
        roots.astype(np.int32),
        column.astype(np.int32),
        border,
        below.astype(np.int32),
        above.astype(np.int32),
        way,
        float(_usual_way(np.array([size]))[0]),
        np.quantile(samples, np.linspace(0, 1, _PARTS), axis=0),
    )


def _flat(tree: Any, root: int) -> tuple[NDArray[Any], ...]:
    """A tree of scikit-learn as arrays of its nodes, which begin at `root`."""
    leaf = tree.children_left < 0
    depth = np.zeros(tree.node_count)
    for node in np.flatnonzero(~leaf):
        for child in (tree.children_left[node], tree.children_right[node]):
            depth[child] = depth[node] + 1
    return (
        np.where(leaf, _LEAF, tree.feature),
        np.where(leaf, 0.0, tree.threshold),
        np.where(leaf, 0, tree.children_left + root),
        np.where(leaf, 0, tree.children_right + root),
        np.where(leaf, depth + _usual_way(tree.n_node_samples), 0.0),
    )


def _usual_way(samples: NDArray[np.int64]) -> Floats:
    """The mean length of an unsuccessful search in a binary tree of so many samples (equation 1)."""
    count = samples.astype(np.float64)
    many = 2.0 * (np.log(np.maximum(count, 3) - 1.0) + np.euler_gamma) - 2.0 * (
        np.maximum(count, 3) - 1.0
    ) / np.maximum(count, 3)
    found: Floats = np.where(count <= 1, 0.0, np.where(count == 2, 1.0, many))
    return found


def _share(share: float) -> str:
    return "any day" if share >= 1 else f"{100 * share:.3g} % of days"
