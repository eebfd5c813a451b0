"""Decisions of people on a running engine: what goes on after them, over restarts, in any order."""

import itertools
import json
from random import Random

import pytest

from dsl.schema.dns import DnsQuery
from engine.alert_records import REARM_US
from engine.lifecycle import Decision
from engine.run import Engine
from engine.store import Store
from engine.store import alerts as stored

S = 1_000_000
DAY = 86_400 * S
BASE = 1_767_614_400 * S
BLOCK = """
m = match dns_query where qtype == axfr
alert m as (source: source, asked: query) dedup 1h by source
"""
CHAIN = """
a = match alert where detection == "zone_transfers" and status == open
alert a as (source: source, what: detection) dedup 1h by source
"""
_seq = itertools.count(1)


class Running:
    """An engine that is stopped and begun again between any two steps."""

    def __init__(self, path, rules):
        self.path, self.rules = path, rules
        self.open()

    def open(self):
        compiled = {rule.plan.id: made for rule, made in self.rules}
        self.engine = Engine(
            Store(self.path), [rule for rule, _ in self.rules], keep=True,
            compile_detection=lambda plan: compiled[plan.id],
        )  # fmt: skip

    def again(self):
        self.engine.store.close()
        self.open()

    def asks(self, *seconds, source="10.0.0.1"):
        self.engine.ingest([
            DnsQuery(ts=BASE + s * S, sensor="s", seq=next(_seq), src_ip=source, qtype="axfr",
                     query="a.test", via="wire")
            for s in seconds
        ])  # fmt: skip
        return [(c.kind, c.alert.number, c.alert.status) for c in self.engine.tick()]

    def decide(self, action, number, verdict=None, state=None):
        record = stored.record(self.engine.store.connection, number)
        decision = Decision(
            seq=1, ts=0, who="ann", action=action, number=number, id=record.id, verdict=verdict
        )
        made = self.engine.decide([decision], state or {})
        return [(c.kind, c.alert.number, c.alert.status) for c in made]

    def records(self):
        return {
            r.number: (r.status, (r.first_row - BASE) // S, (r.last_row - BASE) // S, r.count)
            for r in stored.all_records(self.engine.store.connection)
        }


@pytest.fixture(params=["running on", "begun again"])
def run(request, tmp_path, rule_of):
    one = Running(tmp_path / "s.duckdb", [rule_of("zone_transfers", BLOCK)])
    if request.param == "begun again":
        plain = one.asks, one.decide
        one.asks = lambda *a, **kw: (one.again(), plain[0](*a, **kw))[1]
        one.decide = lambda *a, **kw: (one.again(), plain[1](*a, **kw))[1]
    yield one
    one.engine.store.close()


def test_what_goes_on_after_closing_is_a_new_alert(run):
    run.asks(0, 10)
    assert run.decide("close", 1, "benign") == [("closed", 1, "closed")]
    assert run.asks(20) == [("opened", 2, "open")]
    assert run.asks(30) == [("updated", 2, "open")]
    assert run.records() == {1: ("closed", 0, 10, 2), 2: ("open", 20, 30, 2)}
    assert stored.record(run.engine.store.connection, 1).verdict == "benign"


def test_what_comes_late_belongs_to_the_closed_one(run):
    run.asks(0, 10)
    run.decide("close", 1, "benign")
    assert run.asks(5) == [("updated", 1, "closed")]
    assert run.asks(20, 7) == [("updated", 1, "closed"), ("opened", 2, "open")]
    assert run.records() == {1: ("closed", 0, 10, 4), 2: ("open", 20, 20, 1)}


def test_reopened_it_takes_up_what_went_on(run):
    run.asks(0, 10)
    run.decide("close", 1, "benign")
    run.asks(20)
    made = run.decide("reopen", 1)
    assert made[0] == ("reopened", 1, "open")
    assert set(made[1:]) == {("updated", 1, "open"), ("merged", 2, "merged")} or set(made[1:]) == {
        ("merged", 2, "merged")
    }
    assert run.records() == {1: ("open", 0, 20, 3), 2: ("merged", 20, 20, 1)}
    # a decision about what was merged is one about its heir
    assert run.decide("close", 2, "true_positive") == [("closed", 1, "closed")]


def test_suppressed_until_seven_days_without_it(run):
    run.asks(0)
    assert run.decide("suppress", 1) == [("suppressed", 1, "suppressed")]
    assert run.asks(10) == [("updated", 1, "suppressed")]
    week = REARM_US // S
    assert run.asks(10 + week - 1) == [("opened", 2, "suppressed")]
    assert run.asks(10 + 2 * week - 2) == [("opened", 3, "suppressed")]
    assert run.asks(10 + 2 * week, source="10.0.0.9") == [("opened", 4, "open")]
    assert run.asks(10 + 3 * week - 2) == [("opened", 5, "open")]
    assert run.asks(10 + 3 * week + 7_000) == [("opened", 6, "open")]


def test_reopened_it_is_heard_of_again(run):
    run.asks(0)
    run.decide("suppress", 1)
    assert run.decide("reopen", 1) == [("reopened", 1, "open")]
    assert run.asks(2 * 3_600) == [("opened", 2, "open")]


def test_a_deleted_one_leaves_nothing_and_does_not_come_back(run):
    run.asks(0, 10)
    assert run.decide("delete", 1) == [("deleted", 1, "deleted")]
    assert stored.evidence(run.engine.store.connection, 1) == {}
    assert run.asks(5) == []
    assert run.asks(20) == [("opened", 2, "open")]
    assert run.decide("reopen", 1) == []
    run.asks(10 * DAY // S, source="10.0.0.9")
    query = "SELECT data FROM alert_record WHERE number = 1"
    ((data,),) = run.engine.store.connection.execute(query).fetchall()
    assert b"10.0.0.1" not in data


def test_an_alert_of_another_database_is_left_alone(run):
    run.asks(0)
    decision = Decision(seq=1, ts=0, who="ann", action="delete", number=1, id="0" * 32)
    assert run.engine.decide([decision], {}) == []
    assert run.records() == {1: ("open", 0, 0, 1)}


def test_all_or_nothing(run, monkeypatch):
    run.asks(0)
    monkeypatch.setattr(Engine, "_keep_alerts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run.decide("close", 1, "benign", {"decisions": json.dumps(7)})
    monkeypatch.undo()
    run.again()
    assert run.records() == {1: ("open", 0, 0, 1)}
    assert run.engine.store.state("decisions") is None
    run.decide("close", 1, "benign", {"decisions": json.dumps(7)})
    assert run.engine.store.state("decisions") == "7"


def test_detections_over_alerts_see_it(tmp_path, rule_of):
    run = Running(
        tmp_path / "s.duckdb", [rule_of("zone_transfers", BLOCK), rule_of("chain", CHAIN)]
    )
    assert ("opened", 2, "open") in run.asks(0)
    run.decide("close", 1, "benign")
    assert run.asks() == [("retracted", 2, "retracted")]
    run.engine.store.close()


@pytest.mark.parametrize("seed", range(8))
def test_batches_and_restarts_change_nothing(tmp_path, rule_of, seed):
    """The same events before and after a decision, in any batches, order and number of restarts, leave
    the same alerts with the same ids.
    """
    random = Random(seed)
    rules = [rule_of("zone_transfers", BLOCK)]

    def some(low, high):
        times = [random.randrange(low, high, 600) for _ in range(8)]
        return [(t, f"10.0.0.{random.randint(1, 2)}", next(_seq)) for t in times]

    before, after = some(0, 20_000), some(0, 40_000)
    action = random.choice(["close", "suppress", "delete"])

    def story(name, batches, restarts):
        one = Running(tmp_path / name, rules)

        def take(events):
            mixed = random.sample(events, len(events))
            size = -(-len(mixed) // batches)
            for begin in range(0, len(mixed), size):
                one.engine.ingest([
                    DnsQuery(ts=BASE + t * S, sensor="s", seq=seq, src_ip=ip, qtype="axfr",
                             query="a.test", via="wire")
                    for t, ip, seq in mixed[begin : begin + size]
                ])  # fmt: skip
                one.engine.tick()
                if restarts:
                    one.again()

        take(before)
        known = [r for r in stored.all_records(one.engine.store.connection) if r.status == "open"]
        first = min(known, key=lambda r: (r.first_row, str(r.roles["source"])))
        one.decide(action, first.number, "benign")
        take(after)
        found = stored.all_records(one.engine.store.connection)
        one.engine.store.close()
        return sorted(
            (r.id, r.status, r.first_row, r.last_row, r.count)
            for r in found
            if r.status not in ("merged", "retracted")
        )

    assert story("a", 1, restarts=False) == story("b", 4, restarts=True)
