"""Forests at hand by their version, walked for the rows of a statement.

A version is a hash of all that the forest is made of, so the forests of all databases of a process
may stand in one place.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.models.outlier import Outlier

_KEPT: Final = 256
_forests: Final[OrderedDict[str, Outlier]] = OrderedDict()
_lock: Final = Lock()


def put_forest(version: str, forest: Outlier) -> None:
    """Have a forest at hand; those that were put longest ago go."""
    with _lock:
        _forests[version] = forest
        _forests.move_to_end(version)
        while len(_forests) > _KEPT:
            _forests.popitem(last=False)


def scores(versions: pa.ChunkedArray, samples: pa.ChunkedArray) -> pa.Array:
    """Of each row the score of its numbers by the forest of that version, null where one is null."""
    found = np.full(len(versions), np.nan)
    for forest, places, numbers in _grouped(versions, samples):
        unique, back = np.unique(numbers, axis=0, return_inverse=True)
        found[places] = forest.score(unique)[back.ravel()]
    return pa.array(found, type=pa.float64(), mask=np.isnan(found))


def reasons(versions: pa.ChunkedArray, samples: pa.ChunkedArray) -> pa.Array:
    """Of each row the reasons for its score, null where it has none."""
    found: list[str | None] = [None] * len(versions)
    for forest, places, numbers in _grouped(versions, samples):
        for place, sample in zip(places, numbers, strict=True):
            found[place] = forest.why(sample)
    return pa.array(found, type=pa.string())


def _grouped(
    versions: pa.ChunkedArray, samples: pa.ChunkedArray
) -> list[tuple[Outlier, NDArray[np.int64], NDArray[np.float64]]]:
    """By forest the places of its rows and their numbers; rows with a null or infinite one left out."""
    groups: dict[str, list[int]] = {}
    rows: list[Any] = samples.to_pylist()
    for place, version in enumerate(versions.to_pylist()):
        if version is not None and rows[place] is not None and None not in rows[place]:
            groups.setdefault(version, []).append(place)
    found = []
    for version, listed in groups.items():
        with _lock:
            forest = _forests.get(version)
        places = np.array(listed)
        numbers = np.array([rows[p] for p in listed], dtype=np.float64)
        whole = np.isfinite(numbers).all(axis=1)
        if forest is not None and whole.any():
            found.append((forest, places[whole], numbers[whole]))
    return found
