"""What a profile learns and what it tells: functions of `learn`, statistics, what is always known.

The contract between the checker, the backends and the documentation, as `dsl.functions` is for
expressions; the meaning of each is stated at `dsl.plan.Recall`. It computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.functions import AGGREGATES
from dsl.signatures import Signature, signature
from dsl.types import Type

if TYPE_CHECKING:
    from dsl.plan import LearnFunction, Statistic


@dataclass(frozen=True, slots=True)
class LearnedFunction:
    """One function of `learn`. `plain`: its name alone is a value, over all that is seen;
    `statistics`: there is a value for each bucket (of `values`: for each row) to make them of.
    """

    name: LearnFunction
    signatures: tuple[Signature, ...]
    doc: str
    plain: bool
    statistics: bool


_VALUES: Final = tuple(map(signature, ("int -> int", "float -> float", "duration -> duration")))


def _learned(
    name: LearnFunction, doc: str, *, plain: bool = True, statistics: bool = True
) -> LearnedFunction:
    known = AGGREGATES.get(name)
    return LearnedFunction(name, known.signatures if known else _VALUES, doc, plain, statistics)


LEARNED: Final[dict[str, LearnedFunction]] = {
    f.name: f
    for f in (
        _learned("count", "rows"),
        _learned("count_distinct", "different values, or tuples without a null", plain=False),
        _learned("sum", "sum"),
        _learned("min", "least"),
        _learned("max", "greatest"),
        _learned("values", "the values themselves, of all rows together", plain=False),
        _learned(
            "set", "the values, sorted, at most 1,000; of lists their union", statistics=False
        ),
        _learned("first", "value of the earliest row that has one", statistics=False),
        _learned("last", "value of the latest row that has one", statistics=False),
    )
}
"""Functions of `learn` by name."""

STATISTICS: Final[dict[Statistic, str]] = {
    "mean": "arithmetic mean",
    "std": "standard deviation of a sample; null of fewer than two",
    "median": "median",
    "mad": "median of the distances from the median",
    "p95": "95th percentile, between its neighbours",
    "p99": "99th percentile, between its neighbours",
    "max": "greatest",
}
"""Statistics behind the name of what is learnt."""

ALWAYS: Final[dict[str, tuple[Type, str]]] = {
    "first_seen": (Type("time"), "time of the key's earliest row; null of a key not seen"),
    "last_seen": (Type("time"), "time of the key's latest row; null of a key not seen"),
    "buckets": (Type("int"), "closed buckets that the statistics rest on"),
    "cold": (Type("bool"), "the key has not been seen"),
    "ready": (Type("bool"), "what `ready` asks is true; without one always"),
    "age": (Type("duration"), "how long the relation has been observed in the domain"),
}
"""What every profile tells of a key, with its kind."""

SHARE: Final = "hour_share"
SHARE_DOC: Final = "share of the key's rows that lie in the hour of the week of a time, UTC"
PEERS: Final = "peers"
SIZE: Final = "size"
RESERVED: Final = frozenset({*ALWAYS, SHARE, PEERS})
"""Names that nothing learned may have."""

COUNT: Final = "n"
"""What every profile learns, unless it learns something else under this name: rows."""


def statistic_type(statistic: Statistic, value: Type) -> Type | None:
    """The kind of a statistic of such values; None where there is none (times)."""
    if value.kind == "duration":
        return value
    if value.kind not in ("int", "float"):
        return None
    return value if statistic == "max" else Type("float")
