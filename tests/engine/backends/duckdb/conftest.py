"""A stream of tickets for models, and the alerts that an engine makes of it in any number of batches."""

import random

import pytest
from planned import planned

from dsl.envelope import Envelope
from dsl.schema.kerberos import KerberosTgs
from engine.backends.duckdb import compile_detection
from engine.run import Engine
from engine.running import Rule
from engine.store import Store

HOUR = 3_600_000_000
DAY = 24 * HOUR
BEGIN = 20_454 * DAY
ENVELOPE = Envelope(
    id="case", version=1, title="t", severity="medium", confidence=50, external_id=None,
    kill_chain="", mitre=(), description="", references=(), false_positives=(),
    known_gaps=(), respond=(), params={}, explain="seen", evidence=(),
)  # fmt: skip


@pytest.fixture(scope="session")
def plan_of():
    """The plan of a block of text."""

    def build(text):
        plan, faults = planned(text)
        assert plan is not None, faults
        return plan

    return build


@pytest.fixture(scope="session")
def numbered():
    """Events in order of time, with ids and numbers of the sensor from 1 on."""

    def number(events):
        events.sort(key=lambda e: e.ts)
        for i, event in enumerate(events, 1):
            event.id, event.seq = i, i
        return events

    return number


@pytest.fixture(scope="session")
def tickets(numbered):
    """seed, days -> kerberos_tgs from 2026-01-01 on, numbered; few accounts, servers and hours, so
    that shares, caps and halves are met.
    """

    def draw_all(seed, days):
        draw = random.Random(seed)
        events = []
        for day in range(days):
            for _ in range(draw.randrange(3, 16)):
                account = draw.choice(["u1", "u2", "u3", "U4", "out", None])
                name = f"{account}@corp.test" if account and account != "out" else account
                event = KerberosTgs(
                    ts=BEGIN + day * DAY + draw.choice([0, 3, 9, 10, 23]) * HOUR + draw.randrange(3),
                    sensor="s", domain="corp.test", account=name, primary=True,
                    server=draw.choice(["a.corp.test", "a.corp.test", "b.corp.test", "C.corp.test", None]),
                    source=draw.choice(["w1", "w1", "w2", "w3", None]),
                    etype=draw.choice(["aes256", "aes256", "rc4_hmac"]),
                    outcome=draw.choice(["success", "success", "denied"]),
                )  # fmt: skip
                events.append(event)
        return numbered(events)

    return draw_all


@pytest.fixture(scope="session")
def alerts_of():
    """plan, events, parts [, models, store] -> what an engine that gets the events in so many batches
    says; with a store it keeps what profiles have learnt.
    """

    def run(plan, events, parts, models=None, store=None):
        engine = Engine(
            store or Store(), [Rule(plan, ENVELOPE)], compile_detection=compile_detection,
            as_written=True, models=models, keep=store is not None,
        )  # fmt: skip
        size = -(-len(events) // parts)
        for begin in range(0, len(events), size):
            batch = [
                KerberosTgs(**{f: getattr(e, f) for f in e.__struct_fields__})
                for e in events[begin : begin + size]
            ]
            engine.ingest(batch)
            engine.tick()
        engine.tick(final=True)
        assert not engine.faults
        found = [(a.id, a.first_row, a.last_row, a.roles, a.evidence) for a in engine.alerts()]
        return sorted(found, key=lambda a: a[0])

    return run
