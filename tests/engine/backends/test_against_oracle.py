"""The backend against the oracle: random detections over random streams, whole and in slices.

`$ATP_EXAMPLES` sets the number of examples (thousands for a hunt, then at random); without it a few
fixed ones are run.
"""

from __future__ import annotations

import os

import pytest
from generated import BASE, GRID, TICKS, blocks, streams, the_world
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from naive import Evaluator
from planned import planned
from stored import LAST, differences, fill, plain_events

from engine.backends.duckdb import compile_detection
from engine.store import Store

WORLD = the_world()
HUNT = int(os.environ.get("ATP_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=HUNT or 60,
    derandomize=not HUNT,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def store():
    made = Store()
    fill(made, (), WORLD)
    yield made
    made.close()


def put(store, events):
    """The store with these events and no others."""
    for kind in ("kerberos_as", "ntlm_auth", "kerberos_tgs"):
        store.connection.execute(f"DELETE FROM {kind}")
    store.append(events)


def plan_of(block):
    note(block)
    plan, found = planned(block)
    assert plan is not None, found
    return plan


def test_oracle_and_backend_agree(store):
    @SETTINGS
    @given(blocks(), st.lists(streams(), min_size=1, max_size=4))
    def agree(block, several):
        plan = plan_of(block)
        compiled = compile_detection(plan)
        for events in several:
            put(store, events)
            naive = Evaluator(plan, plain_events(events), WORLD)
            for rows, alert in zip(naive.alerts(), compiled.alerts, strict=True):
                found = differences(rows, alert.rows(store.connection, 0, LAST))
                if not naive.open_choices:
                    assert not found, (found, shown(events))

    agree()


def test_a_slice_is_the_whole_cut(store):
    """Rows of [lo, hi] are the whole's, though events outside [lo - look_back, hi] are not there."""
    times = st.integers(BASE // GRID - 1, BASE // GRID + TICKS + 8).map(lambda t: t * GRID)

    @SETTINGS
    @given(blocks(), streams(), st.lists(st.tuples(times, times), min_size=1, max_size=3))
    def hold(block, events, slices):
        plan = plan_of(block)
        compiled = compile_detection(plan)
        put(store, events)
        if naive_choices(plan, events):
            return
        wholes = [alert.rows(store.connection, 0, LAST) for alert in compiled.alerts]
        for lo, hi in slices:
            cut = [sorted_by_time(r for r in rows if lo <= r.ts <= hi) for rows in wholes]
            there = [a.rows(store.connection, lo, hi) for a in compiled.alerts]
            assert list(map(sorted_by_time, there)) == cut, (lo, hi, shown(events))
        for lo, hi in slices[:1]:
            for position, alert in enumerate(compiled.alerts):
                early = lo - plan.alerts[position].look_back
                put(store, [e for e in events if early <= e.ts <= hi])
                rows = sorted_by_time(alert.rows(store.connection, lo, hi))
                kept = sorted_by_time(r for r in wholes[position] if lo <= r.ts <= hi)
                assert rows == kept, (lo, hi, shown(events))

    hold()


def naive_choices(plan, events):
    naive = Evaluator(plan, plain_events(events), WORLD)
    naive.alerts()
    return naive.open_choices


def sorted_by_time(rows):
    return sorted(rows, key=lambda r: (r.ts, r.tie, r.start, sorted(r.evidence), str(r.roles)))


def shown(events):
    """Events as short as they can be told."""
    told = []
    for e in events:
        values = {f: getattr(e, f) for f in e.__struct_fields__}
        plain = {k: v for k, v in values.items() if v is not None and k not in ("primary", "via")}
        told.append((type(e).__name__, plain | {"ts": (e.ts - BASE) / 1e6}))
    return told
