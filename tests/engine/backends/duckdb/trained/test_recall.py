"""Rows with the score of a trained model: the oracle agrees, and any batches give the same."""

import pytest
from naive import Evaluator
from naive_directory import World
from stored import LAST, differences, fill, plain_events

from dsl.schema.kerberos import KerberosTgs
from engine.backends.duckdb import Unsupported, compile_detection
from engine.models.at_hand import OfFolder
from engine.models.folder import ModelFolder
from engine.models.training import train
from engine.store import Store

pytest.importorskip("scipy", reason="the extra `models` is not installed")
pytest.importorskip("sklearn", reason="the extra `models` is not installed")

DAY = 86_400_000_000
FIRST = 20_454
BEGIN = FIRST * DAY
DAYS = 17
BLOCKS = {
    "pairs": """odd = model access_anomaly of kerberos_tgs by account, server over 14d
t = match kerberos_tgs let s := odd.score, why := odd.why
alert t as (actor: account, why: why, s: s) when s > 0.4""",
    "more than pairs": """odd = model access_anomaly of kerberos_tgs by account, server over 14d using source, etype
a = match kerberos_tgs where odd.score >= 0.0 let s := odd.score
j = join a with kerberos_tgs on account within 30h before keep server as other
t = match j let now := odd.score, why := odd.why
alert t as (actor: account, why: why, s: s, now: now)""",
    "numbers": """busy = window kerberos_tgs by account, domain over 1d tumbling
  compute n := count(), servers := count_distinct(server)
odd = model outlier of busy by account, domain over 14d using n, servers
t = match busy let s := odd.score, why := odd.why
alert t as (actor: account, why: why, s: s) when s > 0.45""",
    "over midnight": """busy = window kerberos_tgs by account over 6h compute n := count(), first := min(ts)
  , servers := count_distinct(server)
long = match busy let span := ts - first
odd = model outlier of long by account over 14d using span, n
high = match long where odd.score > 0.4 let s := odd.score
hops = sequence by account within 24h: high as one then high as two
alert hops as (actor: account, one: one.s, two: two.s)""",
    "nobody": """odd = model access_anomaly of kerberos_tgs by account, server over 14d
t = match kerberos_tgs where odd.score is null and odd.why is null and odd.version is null
alert t as (actor: account)""",
}


@pytest.mark.parametrize(
    ("block", "seed"), [*((block, 3) for block in BLOCKS), ("pairs", 6), ("numbers", 4)]
)
def test_the_oracle_agrees(plan_of, tickets, block, seed):
    events, plan = tickets(seed, DAYS), plan_of(BLOCKS[block])
    expected = Evaluator(plan, plain_events(events), World()).alerts()[0]
    assert expected, "a stream without rows tells nothing"
    store = Store()
    fill(store, events, World())
    found = compile_detection(plan).alerts[0].rows(store.connection, 0, LAST)
    assert not differences(expected, found)
    if block != "nobody":
        scores = {row.roles.get("s", row.roles.get("two")) for row in found}
        assert len(scores) > 1, "one score for all tells nothing"


def test_a_day_teaches_an_account_twenty_values(plan_of, numbered):
    events = [
        KerberosTgs(
            ts=BEGIN + day * DAY + n, sensor="s", domain="d", account=f"u{n % 3}@d", primary=True,
            server=f"s{n}.d" if day == 3 else "usual.d",
        )
        for day in range(10) for n in range(90 if day == 3 else 6)
    ]  # fmt: skip
    last = [
        KerberosTgs(ts=BEGIN + 11 * DAY + n, sensor="s", domain="d", account="u0@d", server=s, primary=True)
        for n, s in enumerate(["s57.d", "s60.d", "s87.d", "usual.d"])
    ]  # fmt: skip
    plan = plan_of("""odd = model access_anomaly of kerberos_tgs by account, server over 14d
t = match kerberos_tgs where server != "usual.d" let s := odd.score
alert t as (actor: account, server: server) when s is not null""")
    events = numbered(events + last)
    store = Store()
    fill(store, events, World())
    found = compile_detection(plan).alerts[0].rows(store.connection, BEGIN + 11 * DAY, LAST)
    # each of three accounts met thirty new ones: the 20th is s57, the 21st s60
    assert [row.roles["server"] for row in found] == ["s57.d"]


def test_a_row_behind_an_alert_teaches_nothing(plan_of, tickets):
    """Where every row is behind an alert, there is never anything to learn."""
    text = """odd = model access_anomaly of kerberos_tgs by account, server over 14d
t = match kerberos_tgs where {} let s := odd.score
alert t as (actor: account, server: server, s: s)"""
    scores = []
    for condition in ("true", "odd.score is not null"):
        store = Store()
        fill(store, tickets(5, DAYS), World())
        compiled = compile_detection(plan_of(text.format(condition))).alerts[0]
        scores.append({row.roles["s"] for row in compiled.rows(store.connection, 0, LAST)})
    every, some = scores
    assert every == {None}
    assert some


@pytest.mark.parametrize("block", ["pairs", "numbers"])
@pytest.mark.parametrize("cuts", [20])
def test_batches_and_ticks_change_nothing(plan_of, tickets, alerts_of, block, cuts):
    plan = plan_of(BLOCKS[block])
    at_once, in_parts = (alerts_of(plan, tickets(8, DAYS), parts) for parts in (1, cuts + 1))
    assert at_once
    assert at_once == in_parts


@pytest.mark.parametrize("block", ["pairs", "numbers"])
def test_files_that_were_trained_in_time_give_what_training_gives(
    plan_of, tickets, alerts_of, block, tmp_path
):
    plan, events = plan_of(BLOCKS[block]), tickets(8, DAYS)
    put_trained(plan, events, tmp_path)
    at_once = alerts_of(plan, events, 1)
    assert at_once
    assert alerts_of(plan, tickets(8, DAYS), 7, OfFolder(tmp_path)) == at_once


def test_without_a_file_the_rule_is_silent(plan_of, tickets, alerts_of, tmp_path):
    models = OfFolder(tmp_path)
    assert not alerts_of(plan_of(BLOCKS["pairs"]), tickets(8, DAYS), 3, models)
    assert "has not been trained yet" in models.complaints["case.odd"]


def put_trained(plan, events, root):
    """What a daemon would have trained each night: of rows that no alert was behind."""
    store = Store()
    fill(store, events, World())
    (model,) = compile_detection(plan).alerts[0].trained
    compiled = compile_detection(plan).alerts[0]
    folder = ModelFolder(root, model.subject)
    lessons = {}
    for day in range(FIRST, FIRST + DAYS):
        models = OfFolder(root)
        compiled.rows(store.connection, day * DAY, (day + 1) * DAY - 1, None, models)
        lessons[day] = model.lesson(store.connection, day)
        made = train(model.subject, day, lessons)
        if made is not None:
            folder.put(made)
            folder.publish(day + 1)


@pytest.mark.parametrize(
    "text",
    [
        """odd = model access_anomaly of kerberos_tgs by account, server over 14d
bad = match kerberos_tgs where odd.score > 0.5
usual = profile of bad by account bucket 1d over 14d learn n := count()
t = match kerberos_tgs where usual.n > 2
alert t as (actor: account)""",
        """odd = model access_anomaly of kerberos_tgs by account, server over 14d
bad = match kerberos_tgs where odd.score > 0.5 let s := odd.score
high = model outlier of bad by account over 14d using s
t = match bad where high.score > 0.6
alert t as (actor: account)""",
    ],
)
def test_what_asked_a_trained_model_is_not_learned(plan_of, text):
    with pytest.raises(Unsupported, match="learns from rows that asked"):
        compile_detection(plan_of(text))
