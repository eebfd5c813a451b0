"""Rows with a novelty score: the oracle agrees, and any batches give what all events at once give.

Streams are drawn from few accounts, servers and hours, so that shares, caps and halves are met.
"""

import random

import pytest
from naive import Evaluator
from naive_directory import World
from planned import planned
from stored import LAST, differences, fill, plain_events

from dsl.envelope import Envelope
from dsl.schema.kerberos import KerberosTgs
from engine.backends.duckdb import compile_detection
from engine.entities_rows import DirectoryRows, DirObject
from engine.run import Engine
from engine.running import Rule
from engine.store import Store

HOUR = 3_600_000_000
DAY = 24 * HOUR
BEGIN = 20_454 * DAY
READS = "s := rare.score, why := rare.why, version := rare.version"
BLOCKS = {
    "plain": f"""rare = model novelty of kerberos_tgs by account, server over 14d using source, etype
t = match kerberos_tgs let {READS}
alert t as (actor: account, why: why, version: version, s: s) when s > 0.05""",
    "budget": f"""ok = match kerberos_tgs where outcome == success
rare = model novelty of ok by account, server over 14d
t = match ok where rare.score > rare.threshold(1) let {READS}, least := rare.threshold(2)
alert t as (actor: account, why: why, s: s, least: least)""",
    "joined": f"""rare = model novelty of kerberos_tgs by account, server over 14d using source
a = match kerberos_tgs where etype == rc4_hmac
j = join a with kerberos_tgs on account within 2h before keep server as other
t = match j let {READS}
alert t as (actor: account, why: why, s: s, other: other) when s is not null""",
    "over midnight": f"""rare = model novelty of kerberos_tgs by account, server over 14d using source
odd = match kerberos_tgs where rare.score > rare.threshold(3) let {READS}, least := rare.threshold(3)
hops = sequence by account within 24h: odd as first then odd as next where next.server != first.server
alert hops as (actor: account, first_why: first.why, next_why: next.why, s: first.s, least: first.least,
    next_s: next.s, next_least: next.least)""",
    "nobody": """rare = model novelty of kerberos_tgs by account, server over 14d
t = match kerberos_tgs where rare.score is null
alert t as (actor: account)""",
}


def stream(seed, days=13):
    draw = random.Random(seed)
    events = []
    for day in range(days):
        for _ in range(draw.randrange(2, 14)):
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
    events.sort(key=lambda e: e.ts)
    for number, event in enumerate(events, 1):
        event.id, event.seq = number, number
    return events


def directory():
    moved = BEGIN + 9 * DAY
    base = "DC=corp,DC=test"
    rows = [
        ("u1@corp.test", "Sales", f"CN=u1,OU=North,{base}", 0, moved),
        ("u1@corp.test", "Finance", f"CN=u1,OU=North,{base}", moved, 2**62),
        ("u2@corp.test", "Sales", f"CN=u2,OU=North,{base}", 0, 2**62),
        ("u3@corp.test", None, f"CN=u3,OU=north,{base}", 0, 2**62),
    ]
    objects = [
        DirObject(
            key=key, kind="account", name=key[:2], domain="corp.test", department=department, dn=dn,
            valid_from=low, valid_to=high,
        )
        for key, department, dn, low, high in rows
    ]  # fmt: skip
    return World(DirectoryRows(objects=objects))


def plan_of(block):
    plan, faults = planned(BLOCKS[block])
    assert plan is not None, faults
    return plan


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("seed", [3, 4])
def test_the_oracle_agrees(block, seed):
    events, world, plan = stream(seed), directory(), plan_of(block)
    expected = Evaluator(plan, plain_events(events), world).alerts()[0]
    assert expected, "a stream without rows tells nothing"
    store = Store()
    fill(store, events, world)
    found = compile_detection(plan).alerts[0].rows(store.connection, 0, LAST)
    assert not differences(expected, found)


@pytest.mark.parametrize("cuts", [1, 40])
def test_batches_and_ticks_change_nothing(cuts):
    plan = plan_of("budget")
    at_once, in_parts = (alerts_of(plan, stream(8), parts) for parts in (1, cuts + 1))
    assert at_once
    assert at_once == in_parts


def alerts_of(plan, events, parts):
    envelope = Envelope(
        id="case", version=1, title="t", severity="medium", confidence=50, external_id=None,
        kill_chain="", mitre=(), description="", references=(), false_positives=(),
        known_gaps=(), respond=(), params={}, explain="seen", evidence=(),
    )  # fmt: skip
    engine = Engine(
        Store(), [Rule(plan, envelope)], compile_detection=compile_detection, as_written=True
    )
    size = -(-len(events) // parts)
    for begin in range(0, len(events), size):
        batch = [
            KerberosTgs(**{f: getattr(e, f) for f in e.__struct_fields__})
            for e in events[begin : begin + size]
        ]
        engine.ingest(batch)
        engine.tick()
    engine.tick(final=True)
    found = [(a.id, a.first_row, a.last_row, a.roles, a.evidence) for a in engine.alerts()]
    return sorted(found, key=lambda a: a[0])
