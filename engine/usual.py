"""What was usual, beside what was seen, as it stays with an alert: plain data, ready for JSON."""

from __future__ import annotations

from typing import TypedDict


class Measure(TypedDict):
    """One comparison. `kind`: `number` (against `limit`, or a band from `low` to `high`), `set` (whether
    `observed` is among `values`), `hour` (`hours`: shares from twelve hours before the row's own on).
    """

    name: str
    kind: str
    observed: object
    limit: object
    low: object
    high: object
    median: object
    p95: object
    max: object
    values: list[object]
    size: int
    hours: list[float]


class Usual(TypedDict):
    """What one profile knew of `key` as of `at` (microseconds). `rows`: how many it had seen, from
    `first_seen` on; `buckets`: what the statistics rest on; `ready`: whether it could be asked yet.
    """

    profile: str
    key: dict[str, object]
    at: int
    rows: object
    first_seen: object
    buckets: object
    ready: object
    measures: list[Measure]
