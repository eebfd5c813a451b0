"""Episodes and records: what they hold, and that no order or split of the rows changes an id."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.alert_codec import (
    pack_episode,
    pack_record,
    pack_row,
    unpack_episode,
    unpack_record,
    unpack_row,
)
from engine.alert_records import Envelope, reconcile
from engine.alert_rows import AlertRows
from engine.alerts import (
    EVIDENCE_CAP,
    AlertRow,
    alert_id,
    connected,
    dedup_key,
    episodes,
)

D = 10
ENVELOPE = Envelope("rule", 1, {"n": 3}, ("source",), D)


def row(ts, key="a", *, tie=0, start=None, severity="low", confidence=50.0, ids=None, **roles):
    return AlertRow(
        ts=ts,
        tie=tie,
        start=ts if start is None else start,
        roles={"source": key, **roles},
        severity=severity,
        confidence=confidence,
        dedup=(key,),
        evidence=(ts,) if ids is None else tuple(ids),
        evidence_count=1 if ids is None else len(ids),
    )


def spans(rows, d=D):
    return [(e.anchor[0], e.last, e.count) for e in episodes(rows, d)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], []),
        ([5], [(5, 5, 1)]),
        ([0, 9], [(0, 9, 2)]),
        ([0, 10], [(0, 0, 1), (10, 10, 1)]),
        ([0, 9, 18, 27], [(0, 27, 4)]),
        ([0, 0, 10], [(0, 0, 2), (10, 10, 1)]),
    ],
)
def test_rows_less_than_d_apart_are_one_episode(times, expected):
    assert spans([row(t) for t in times]) == expected


def test_dedup_values_part_episodes_and_a_list_counts_as_a_set():
    assert len(episodes([row(0, "a"), row(1, "b")], D)) == 2
    assert dedup_key((["b", "a", "a"],)) == dedup_key((["a", "b"],))
    assert dedup_key(("a", None)) != dedup_key((None, "a"))
    assert dedup_key(("1",)) != dedup_key((1,))


def test_no_window_parts_all_but_one_instant():
    assert spans([row(1), row(1, tie=1), row(2)], 0) == [(1, 1, 2), (2, 2, 1)]


def test_an_episode_sums_up_its_rows():
    one, *_ = episodes(
        [
            row(3, start=1, severity="high", confidence=20, actor="x", names=["b", "a"]),
            row(5, severity="low", confidence=80, actor="y", names=["c"]),
            row(7, actor=None, names=[]),
        ],
        D,
    )
    assert (one.first_seen, one.last, one.severity, one.confidence) == (1, 7, "high", 80)
    assert one.roles == {"source": "a", "actor": "y", "names": ["a", "b", "c"]}
    assert one.varied == {"actor": ["x", "y"]}
    assert one.evidence == (3, 5, 7)
    assert one.evidence_count == 3


def test_evidence_is_capped_and_the_count_is_kept():
    rows = [row(t, ids=range(t * 100, t * 100 + 100)) for t in range(20)]
    one, *_ = episodes(rows, D)
    assert len(one.evidence) == EVIDENCE_CAP
    assert one.evidence[:2] == (0, 1)
    assert one.evidence[-1] == 1999
    assert one.evidence_count == 2000


def test_sets_are_capped_with_overflow():
    one, *_ = episodes([row(0, names=[f"u{i:05}" for i in range(1500)])], D)
    assert len(one.roles["names"]) == 1000
    assert one.overflow


times = st.integers(0, 120)
some_rows = st.lists(
    st.builds(
        lambda ts, key, tie, names: row(ts, key, tie=tie, names=names),
        times,
        st.sampled_from("ab"),
        st.integers(0, 3),
        st.lists(st.sampled_from("xyz"), max_size=2),
    ),
    max_size=12,
)


@given(some_rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert episodes(shuffled, D) == episodes(rows, D)


@given(some_rows, st.integers(0, 120))
def test_rows_summed_up_early_give_the_same_episodes(rows, cut):
    for _, group in itertools.groupby(sorted(rows, key=lambda r: r.dedup), key=lambda r: r.dedup):
        same = list(group)
        early = episodes([r for r in same if r.ts < cut], D)
        late = episodes([r for r in same if r.ts >= cut], D)
        assert connected([*late, *early], D) == episodes(same, D)


def ids(rows):
    return {alert_id("rule", 1, dedup_key(e.dedup), e.anchor) for e in episodes(rows, D)}


@settings(max_examples=300)
@given(some_rows, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_arrival_gives_the_alerts_of_all_rows_at_once(rows, random, parts):
    arriving = rows[:]
    random.shuffle(arriving)
    seen, records, numbers = [], {}, itertools.count(1)
    for i in range(parts):
        seen += arriving[i::parts]
        for key in {dedup_key(r.dedup) for r in seen}:
            mine = [r for r in seen if dedup_key(r.dedup) == key]
            kept = records.setdefault(key, [])
            changes = reconcile(kept, episodes(mine, D), ENVELOPE, lambda: next(numbers))
            known = {r.number for r in kept}
            kept += [c.alert for c in changes if c.alert.number not in known]
    alive = [r for kept in records.values() for r in kept if r.status == "open"]
    assert {r.id for r in alive} == ids(rows)
    assert len(alive) == len(ids(rows))
    expected = {(e.anchor[0], e.last, e.count, str(e.roles)) for e in episodes(rows, D)}
    assert {(r.first_row, r.last_row, r.count, str(r.roles)) for r in alive} == expected


class Alerts:
    """Records of one dedup value, brought up row set by row set."""

    def __init__(self):
        self.records, self.numbers = [], itertools.count(1)

    def see(self, *rows):
        changes = reconcile(self.records, episodes(rows, D), ENVELOPE, lambda: next(self.numbers))
        known = {r.number for r in self.records}
        self.records += [c.alert for c in changes if c.alert.number not in known]
        return [(c.kind, c.alert.number, c.raised) for c in changes]


def test_a_late_row_before_moves_the_id_and_keeps_the_number():
    alerts = Alerts()
    assert alerts.see(row(50)) == [("opened", 1, False)]
    before = alerts.records[0].id
    assert alerts.see(row(45), row(50)) == [("updated", 1, False)]
    assert alerts.records[0].id != before
    assert alerts.records[0].aliases == [before]


def test_a_bridging_row_merges_into_the_older_record():
    alerts = Alerts()
    alerts.see(row(50))
    assert alerts.see(row(35), row(50)) == [("opened", 2, False)]
    second = alerts.records[1].id
    assert alerts.see(row(35), row(43), row(50)) == [("updated", 1, False), ("merged", 2, False)]
    first, merged = alerts.records
    assert (merged.status, merged.merged_into) == ("merged", 1)
    assert first.id == second
    assert (first.first_row, first.last_row) == (35, 50)


def test_a_vanished_episode_is_retracted_and_may_come_back():
    alerts = Alerts()
    alerts.see(row(50))
    assert alerts.see() == [("retracted", 1, False)]
    assert alerts.see() == []
    assert alerts.see(row(50)) == [("opened", 1, False)]
    assert alerts.records[0].status == "open"


def test_a_row_that_moves_less_than_d_keeps_its_record():
    alerts = Alerts()
    alerts.see(row(50))
    assert alerts.see(row(41)) == [("updated", 1, False)]
    assert alerts.see(row(31)) == [("opened", 2, False), ("retracted", 1, False)]


def test_severity_and_confidence_that_rise_are_news():
    alerts = Alerts()
    alerts.see(row(50))
    assert alerts.see(row(50), row(51)) == [("updated", 1, False)]
    assert alerts.see(row(50), row(51, severity="high")) == [("updated", 1, True)]
    assert alerts.see(row(50), row(51, severity="high", confidence=90)) == [("updated", 1, True)]
    assert alerts.see(row(50), row(51, severity="high", confidence=90)) == []


def test_a_split_episode_keeps_its_record_and_opens_another():
    alerts = Alerts()
    alerts.see(row(0), row(9), row(18))
    assert alerts.see(row(0), row(18)) == [("updated", 1, False), ("opened", 2, False)]
    assert [r.status for r in alerts.records] == ["open", "open"]
    assert {r.id for r in alerts.records} == ids([row(0), row(18)])


def test_a_slice_replaces_only_its_span_and_names_what_changed():
    rows = AlertRows(D)
    assert rows.replace(0, 0, 100, [row(5), row(50, "b")]) == {dedup_key(("a",)), dedup_key(("b",))}
    assert rows.replace(0, 0, 100, [row(50, "b"), row(5)]) == set()
    assert rows.replace(0, 0, 20, []) == {dedup_key(("a",))}
    assert rows.replace(1, 0, 100, []) == set()
    assert rows.episodes(dedup_key(("a",))) == []
    assert len(rows.episodes(dedup_key(("b",)))) == 1


def test_settled_rows_are_summed_up_without_changing_the_episode():
    rows, plain = AlertRows(D), [row(t) for t in range(1200)]
    rows.replace(0, 0, 2000, plain)
    key = dedup_key(("a",))
    before = rows.episodes(key)
    assert rows.seal(1000) == {key}
    assert rows.held[key].count() == 200
    assert rows.episodes(key) == before
    assert rows.replace(0, 900, 1200, [row(t) for t in range(900, 1201)]) == {key}
    assert [e.count for e in rows.episodes(key)] == [1201]
    assert rows.seal(1000) == set()
    assert rows.forget(1200) == set()
    assert rows.forget(1201) == {key}


def test_rows_and_records_survive_packing():
    one = row(5, names=["a"], tag=b"\x01\x02", n=3, flag=True)
    assert unpack_row(pack_row(one)) == one
    episode, *_ = episodes([one], D)
    assert unpack_episode(pack_episode(episode, 7)) == (episode, 7)
    alerts = Alerts()
    alerts.see(one)
    assert unpack_record(pack_record(alerts.records[0])) == alerts.records[0]
