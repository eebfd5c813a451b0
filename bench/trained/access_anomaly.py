"""Access anomaly: how badly an account fits a resource, by implicit matrix factorisation.

Hu, Koren, Volinsky, «Collaborative filtering for implicit feedback datasets» (ICDM 2008), alternating
least squares: a pair seen on d days has the preference 1 with the confidence 1 + alpha * d, every
other pair 0 with the confidence 1. Knows no SQL, no clock and no file; reproducible by its seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
_CHUNK: Final = 20_000
"""Accounts solved at a time: bounds the memory at 20,000 * rank^2 numbers."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What training depends on beside the data."""

    rank: int = 15
    alpha: float = 2.0
    regularisation: float = 1.0
    rounds: int = 12
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AccessAnomaly:
    """Factors by actor and resource, rows in the order of the names. `usual`: of the pairs that
    an actor has, nine in ten fit at least so well.
    """

    actors: tuple[str, ...]
    resources: tuple[str, ...]
    actor_factors: Floats
    resource_factors: Floats
    usual: Floats

    def fit(self, actors: NDArray[np.int64], resources: NDArray[np.int64]) -> Floats:
        """Fit of pairs by their numbers: about 1 as usual as can be, about 0 not at all."""
        fits: Floats = np.einsum(
            "ij,ij->i", self.actor_factors[actors], self.resource_factors[resources]
        )
        return fits


def train_access_anomaly(
    pairs: Sequence[tuple[str, str, int]], parameters: Parameters | None = None
) -> AccessAnomaly:
    """Train on (actor, resource, days). Raises ValueError where there is no pair."""
    if not pairs:
        raise ValueError("there is nothing to learn from: no pair of actor and resource")
    chosen = parameters or Parameters()
    actors = tuple(sorted({p[0] for p in pairs}))
    resources = tuple(sorted({p[1] for p in pairs}))
    row = {name: i for i, name in enumerate(actors)}
    column = {name: i for i, name in enumerate(resources)}
    rows = np.array([row[a] for a, _, _ in pairs])
    columns = np.array([column[r] for _, r, _ in pairs])
    weights = chosen.alpha * np.array([d for _, _, d in pairs], dtype=np.float64)
    seen = csr_array((weights, (rows, columns)), shape=(len(actors), len(resources)))
    seen.sum_duplicates()
    random = np.random.default_rng(chosen.seed)
    of_actors = random.normal(0, 0.1, (len(actors), chosen.rank))
    of_resources = random.normal(0, 0.1, (len(resources), chosen.rank))
    turned = csr_array(seen.T)
    for _ in range(chosen.rounds):
        of_actors = _solve(seen, of_resources, chosen.regularisation)
        of_resources = _solve(turned, of_actors, chosen.regularisation)
    fits = np.einsum("ij,ij->i", of_actors[rows], of_resources[columns])
    return AccessAnomaly(actors, resources, of_actors, of_resources, _low(rows, fits, len(actors)))


def _solve(weights: csr_array, other: Floats, regularisation: float) -> Floats:
    """The factors of one side that fit best, the other side's given."""
    rank = other.shape[1]
    common = other.T @ other + regularisation * np.eye(rank)
    squares = (other[:, :, None] * other[:, None, :]).reshape(len(other), -1)
    solved = []
    for begin in range(0, weights.shape[0], _CHUNK):
        part = weights[begin : begin + _CHUNK]
        left = common + (part @ squares).reshape(-1, rank, rank)
        ones = part.copy()
        ones.data = ones.data + 1.0
        solved.append(np.linalg.solve(left, (ones @ other)[:, :, None])[:, :, 0])
    return np.concatenate(solved)


def _low(rows: NDArray[np.int64], fits: Floats, actors: int) -> Floats:
    """The tenth percentile of each actor's fits."""
    low = np.zeros(actors)
    order = np.lexsort((fits, rows))
    begins = np.flatnonzero(np.r_[True, np.diff(rows[order]) > 0])
    sizes = np.diff(np.r_[begins, len(rows)])
    low[rows[order][begins]] = fits[order][begins + (sizes - 1) // 10]
    return low
