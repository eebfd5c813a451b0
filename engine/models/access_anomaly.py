"""Access anomaly: how badly an account fits a resource, by implicit matrix factorisation.

Hu, Koren, Volinsky, «Collaborative filtering for implicit feedback datasets» (ICDM 2008), alternating
least squares: a pair seen on d days has the preference 1 with the confidence 1 + alpha * d, every
other pair 0 with the confidence 1. Knows no SQL, no clock and no file; reproducible by its seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.models.lessons import Pairs

Floats = NDArray[np.float64]
_CHUNK: Final = 20_000
"""Accounts solved at a time: bounds the memory at 20,000 * rank^2 numbers."""
_TENTH: Final = 10


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
    """Factors by actor and resource (rows in the order of the names). `usual`: of the pairs that
    an actor has, nine in ten fit at least so well.
    """

    actors: tuple[str, ...]
    resources: tuple[str, ...]
    actor_factors: NDArray[np.float32]
    resource_factors: NDArray[np.float32]
    usual: NDArray[np.float32]

    def fit(self, actors: NDArray[np.int64], resources: NDArray[np.int64]) -> Floats:
        """Fit of pairs by their numbers: about 1 as usual as can be, about 0 not at all."""
        left = self.actor_factors[actors].astype(np.float64)
        fits: Floats = np.einsum("ij,ij->i", left, self.resource_factors[resources])
        return fits

    def fault(self) -> str:
        """What is wrong with the arrays, empty where nothing is."""
        rank = self.actor_factors.shape[-1]
        shapes = (
            (self.actor_factors, (len(self.actors), rank)),
            (self.resource_factors, (len(self.resources), rank)),
            (self.usual, (len(self.actors),)),
        )
        if any(a.shape != s or a.dtype != np.float32 for a, s in shapes) or not rank:
            return "the arrays do not go together"
        if not all(np.isfinite(a).all() for a, _ in shapes):
            return "there is a factor that is no number"
        if len(set(self.actors)) < len(self.actors):
            return "an actor is there twice"
        if len(set(self.resources)) < len(self.resources):
            return "a resource is there twice"
        return ""


def train_access_anomaly(pairs: Pairs, parameters: Parameters | None = None) -> AccessAnomaly:
    """Train on pairs. Raises ValueError where there are none, ImportError without scipy."""
    if not len(pairs.days):
        raise ValueError("there is nothing to learn from: no pair of actor and resource")
    from scipy.sparse import csr_array  # noqa: PLC0415 - an extra, and slow to import

    chosen = parameters or Parameters()
    rows, columns = pairs.actor, pairs.resource
    shape = (len(pairs.actors), len(pairs.resources))
    seen = csr_array((chosen.alpha * pairs.days, (rows, columns)), shape=shape)
    random = np.random.default_rng(chosen.seed)
    of_actors = random.normal(0, 0.1, (shape[0], chosen.rank))
    of_resources = random.normal(0, 0.1, (shape[1], chosen.rank))
    turned = csr_array(seen.T)
    for _ in range(chosen.rounds):
        of_actors = _solve(seen, of_resources, chosen.regularisation)
        of_resources = _solve(turned, of_actors, chosen.regularisation)
    fits = np.einsum("ij,ij->i", of_actors[rows], of_resources[columns])
    return AccessAnomaly(
        pairs.actors,
        pairs.resources,
        of_actors.astype(np.float32),
        of_resources.astype(np.float32),
        _low(rows, fits, shape[0]).astype(np.float32),
    )


def _solve(weights: Any, other: Floats, regularisation: float) -> Floats:
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
    low[rows[order][begins]] = fits[order][begins + (sizes - 1) // _TENTH]
    return low
