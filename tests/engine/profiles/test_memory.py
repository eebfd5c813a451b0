"""What is remembered gives row for row what the events themselves give, whatever slice is asked."""

import pytest
from asking_profiles import BLOCKS, FEW, MANY, QUICK
from hypothesis import given
from hypothesis import strategies as st

S = 1_000_000
HOUR = 3_600 * S
CUTS = st.lists(st.integers(1, 25), min_size=1, max_size=4)
LATE = st.lists(st.integers(0, 24), max_size=2)


def agree(engine, compiled, *ages):
    """Rows of the last hours are the same with and without what is remembered."""
    connection, last = engine.store.connection, engine.watermarks.now
    for alert in compiled.alerts:
        for age in ages:
            events = alert.rows(connection, last - age, last + HOUR)
            assert alert.rows(connection, last - age, last + HOUR, engine.memory) == events


def live(engine_of, rule, compiled, placed, cuts, late):
    """Events in batches, some of them far behind the watermark."""
    engine = engine_of(rule, compiled, keep=True)
    behind = [placed[i] for i in {i % len(placed) for i in late}]
    in_time = [p for p in placed if p not in behind]
    by_arrival = [e for _, e in sorted(in_time, key=lambda p: p[0])]
    ends = sorted({min(c, len(by_arrival)) for c in cuts} | {len(by_arrival)})
    begin = 0
    for end in ends:
        engine.ingest(by_arrival[begin:end])
        engine.tick()
        agree(engine, compiled, (begin % 7) * HOUR // 2)
        begin = end
    engine.ingest([e for _, e in behind])
    engine.tick()
    agree(engine, compiled, 24 * HOUR, 90 * 60 * S, 60 * S)
    assert not engine.memory or not engine.memory.faults
    engine.store.close()


def holds(name, rule_of, streams, engine_of, how):
    rule, compiled = rule_of(name.replace(" ", "_"), BLOCKS[name])

    # what a profile learnt of rows that asked another one is not revised by events too late
    late_ones = st.just([]) if name == "chained" else LATE

    @how
    @given(streams, CUTS, late_ones)
    def check(placed, cuts, late):
        live(engine_of, rule, compiled, placed, cuts, late)

    check()


@pytest.mark.parametrize("name", QUICK)
def test_remembered_equals_stored(name, rule_of, streams, engine_of):
    holds(name, rule_of, streams, engine_of, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOCKS)
def test_remembered_equals_stored_at_length(name, rule_of, streams, engine_of):
    holds(name, rule_of, streams, engine_of, MANY)
