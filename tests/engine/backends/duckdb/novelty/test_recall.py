"""Rows with a novelty score: the oracle agrees, and any batches give what all events at once give."""

import pytest
from naive import Evaluator
from naive_directory import World
from stored import LAST, differences, fill, plain_events

from engine.backends.duckdb import compile_detection
from engine.entities_rows import DirectoryRows, DirObject
from engine.store import Store

DAY = 86_400_000_000
BEGIN = 20_454 * DAY
DAYS = 13
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


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("seed", [3, 4])
def test_the_oracle_agrees(plan_of, tickets, block, seed):
    events, world, plan = tickets(seed, DAYS), directory(), plan_of(BLOCKS[block])
    expected = Evaluator(plan, plain_events(events), world).alerts()[0]
    assert expected, "a stream without rows tells nothing"
    store = Store()
    fill(store, events, world)
    found = compile_detection(plan).alerts[0].rows(store.connection, 0, LAST)
    assert not differences(expected, found)


@pytest.mark.parametrize("cuts", [1, 40])
def test_batches_and_ticks_change_nothing(plan_of, tickets, alerts_of, cuts):
    plan = plan_of(BLOCKS["budget"])
    at_once, in_parts = (alerts_of(plan, tickets(8, DAYS), parts) for parts in (1, cuts + 1))
    assert at_once
    assert at_once == in_parts
