"""Blocks of text as compiled alerts, and stores filled by hand."""

import pytest
from planned import planned

from dsl.schema.registry import event_types
from engine.backends.duckdb import compile_detection
from engine.store import FOREVER, Store

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND


@pytest.fixture
def store():
    """An empty store; everything is covered."""
    made = Store()
    made.connection.execute(
        "INSERT INTO coverage SELECT '', unnest(?::VARCHAR[]), 0, ?", [list(event_types()), FOREVER]
    )
    yield made
    made.close()


@pytest.fixture
def put(store):
    """Events as (seconds, type, fields): ids count from 1 in the order given."""

    def add(*events):
        first = store.highest_id() + 1
        made = [
            event_types()[kind].struct(
                ts=NOW + int(at * SECOND), id=i, sensor="s", seq=i, primary=True, **fields
            )
            for i, (at, kind, fields) in enumerate(events, start=first)
        ]
        store.append(made)
        return made

    return add


@pytest.fixture
def rows(store):
    """Rows of the last alert of a block: all, or those of [low, high] in seconds."""

    def run(block, low=None, high=None):
        plan, found = planned(block)
        assert plan is not None, found
        alert = compile_detection(plan).alerts[-1]
        begin = 0 if low is None else NOW + int(low * SECOND)
        end = FOREVER if high is None else NOW + int(high * SECOND)
        return alert.rows(store.connection, begin, end)

    return run


@pytest.fixture
def at():
    """Seconds after the begin."""
    return lambda row: (row.ts - NOW) / SECOND
