"""A world and its events put into a store, and rows of the store's backends in one form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from naive_directory import World

from dsl.schema.base import Event
from dsl.schema.registry import event_type, event_types
from engine.coverage import CoverageRow, without
from engine.entities_rows import FOREVER
from engine.store import Store
from engine.store.facts import put_coverage, put_directory, put_lists
from engine.store.tables import tie_of

LAST = 2**61


def fill(store: Store, events: Sequence[Event], world: World) -> None:
    """Everything into an empty store; what is not said to be silent was alive all the time."""
    store.append(events)
    put_directory(store.connection, world.directory)
    put_lists(store.connection, world.lists, [r for rows in world.lists.values() for r in rows])
    rows = []
    for kind in event_types():
        spans = [(0, FOREVER)]
        for begin, end in world.silent.get(kind, ()):
            spans = without(spans, begin, end)
        rows += [CoverageRow("", kind, *span) for span in spans]
    put_coverage(store.connection, event_types(), rows)


def plain_events(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as the naive evaluator reads them."""
    return [
        {"type": event_type(e), "tie": tie_of(e.sensor, e.seq)}
        | {f: getattr(e, f) for f in e.__struct_fields__}
        for e in events
    ]


def same(one: Any, other: Any) -> bool:
    """Values of a role; floats but for what the order of adding makes."""
    if isinstance(one, float) or isinstance(other, float):
        numbers = (
            not isinstance(one, str) and not isinstance(other, str) and None not in (one, other)
        )
        return numbers and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def sorted_rows(rows: Iterable[Any]) -> list[Any]:
    return sorted(
        rows, key=lambda r: (r.ts, r.tie, r.start, sorted(r.evidence), str(sorted(r.roles.items())))
    )


def differences(naive: Iterable[Any], stored: Iterable[Any]) -> list[str]:
    """What a backend's rows have other than the oracle's; rows in any order."""
    left, right = sorted_rows(naive), sorted_rows(stored)
    told = []
    if len(left) != len(right):
        told.append(f"{len(left)} rows by the oracle, {len(right)} by the backend")
    for one, other in zip(left, right, strict=False):
        whole = [
            (f, getattr(one, f), getattr(other, f))
            for f in ("ts", "tie", "start", "severity", "confidence", "dedup")
        ]
        whole.append(("evidence", sorted(one.evidence), sorted(other.evidence)))
        whole.append(("evidence_count", len(one.evidence), other.evidence_count))
        whole += [(f"role {n}", v, other.roles.get(n)) for n, v in one.roles.items()]
        told += [
            f"{name}: {a!r} by the oracle, {b!r} by the backend"
            for name, a, b in whole
            if not same(a, b)
        ]
    return told
