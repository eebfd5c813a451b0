"""What a trained model is about: whose it is, of what kind, what it learns."""

from __future__ import annotations

from typing import Literal

import msgspec

TrainedKind = Literal["access_anomaly", "outlier"]


class Subject(msgspec.Struct, frozen=True):
    """`name` is `<rule>.<model>`, also the name of its folder. `of` is a hash of all that decides
    what its rows are. `columns`: of `access_anomaly` the resource and what is learned beside it, of
    `outlier` the numbers. `over`: days learned.
    """

    name: str
    kind: TrainedKind
    of: str
    columns: tuple[str, ...]
    over: int
