"""What was usual beside what was seen: as profiles knew it when an alert was raised."""

import pytest

from dsl.schema.kerberos import KerberosAs
from engine.cli.rules import load_rules
from engine.run import Engine
from engine.store import Store

S = 1_000_000
HOUR = 3_600 * S
DAY = 24 * HOUR
T = 1_767_614_400_000_000
"""2026-01-05 12:00 UTC, a Monday."""

RULE = """\
atp: 1
id: {id}
version: 1
title: Unlike itself
severity: low
confidence: 50
kill_chain: discovery
mitre: [T1110]
description: Of the tests.
false_positives: [none]
known_gaps: [many]
detect: |
{block}
explain: "{{{{ actor }}}}"
tests:
  - name: nothing
    given: [{{kerberos_as: {{account: a}}}}]
    expect: []
"""
NUMBERS = """\
  tried = window kerberos_as by account over 10m compute tries := count() having tries >= 5
  usual = profile of kerberos_as by account bucket 1d over 30d learn tries := count() ready n >= 3
  odd   = match tried where tries > 2 * usual.tries.p95
  alert odd as (actor: account) dedup 1d by actor
"""
PLACES = """\
  usual = profile of kerberos_as by account bucket 1d over 30d learn hosts := set(source) ready n >= 3
  odd   = match kerberos_as where not source in usual.hosts or usual.hour_share(ts) == 0
  alert odd as (actor: account) dedup 1d by actor
"""
DISTANCE = """\
  usual = profile of kerberos_as by account bucket 1d over 30d learn sizes := values(ticket_size) ready n >= 3
  odd   = match kerberos_as
            where abs(ticket_size - usual.sizes.median) >= greatest(50, 6 * usual.sizes.mad)
  alert odd as (actor: account) dedup 1d by actor
"""


class Bench:
    def __init__(self, folder, block):
        (folder / "discovery").mkdir()
        file = folder / "discovery" / "unlike.yaml"
        file.write_text(RULE.format(id="unlike", block=block))
        loaded = load_rules((folder / "discovery",))
        self.engine = Engine(
            Store(folder / "atp.duckdb"), loaded.rules, keep=True, as_written=True,
            compile_detection=loaded.compile_detection,
        )  # fmt: skip
        self.seq = 0

    def sign_on(self, ts, source="ws1", account="ann", **more):
        self.seq += 1
        return KerberosAs(ts=ts, sensor="dc1", seq=self.seq, via="wire", account=account,
                          source=source, **more)  # fmt: skip

    def take(self, events):
        self.engine.ingest(events)
        self.engine.tick(final=True)
        return [a for a in self.engine.alerts() if a.status == "open"]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = []

    def open_(block):
        made.append(Bench(tmp_path, block))
        return made[-1]

    yield open_
    for each in made:
        each.engine.store.close()


def test_a_number_stands_beside_its_limit_and_its_statistics(bench):
    one = bench(NUMBERS)
    quiet = [one.sign_on(T + day * DAY + n * HOUR) for day in range(6) for n in range(1 + day % 2)]
    assert one.take(quiet) == []
    burst = [one.sign_on(T + 7 * DAY + n * 10 * S) for n in range(9)]
    (alert,) = one.take(burst)
    (usual,) = alert.usual
    assert (usual["profile"], usual["key"], usual["at"]) == (
        "usual",
        {"account": "ann"},
        alert.first_row,
    )
    assert usual["first_seen"] == T
    assert usual["ready"] is True
    (tries,) = usual["measures"]
    assert (tries["kind"], tries["name"], tries["observed"]) == ("number", "tries", 5)
    assert tries["limit"] == pytest.approx(2 * tries["p95"])
    assert (tries["median"], tries["max"]) == (1.0, 2)


def test_it_stays_as_it_was_when_the_alert_goes_on(bench):
    one = bench(NUMBERS)
    one.take([one.sign_on(T + day * DAY) for day in range(6)])
    (alert,) = one.take([one.sign_on(T + 7 * DAY + n * 10 * S) for n in range(9)])
    before = alert.usual
    (alert,) = one.take([one.sign_on(T + 7 * DAY + HOUR + n * S) for n in range(9)])
    assert alert.count > 1
    assert alert.usual == before


def test_a_set_and_the_hours_of_the_week(bench):
    one = bench(PLACES)
    one.take([one.sign_on(T + day * DAY, f"ws{day % 2}") for day in (0, 1, 2, 7)])
    (alert,) = one.take([one.sign_on(T + 14 * DAY + 3 * HOUR, "ws9")])
    (usual,) = alert.usual
    hosts, hour = usual["measures"]
    assert (hosts["kind"], hosts["observed"], hosts["values"], hosts["size"]) == (
        "set", "ws9", ["ws0", "ws1"], 2,
    )  # fmt: skip
    assert hour["kind"] == "hour"
    assert hour["hours"][12 - 3] == pytest.approx(2 / 4), "three hours before, on Mondays"
    assert sum(hour["hours"]) == pytest.approx(2 / 4)


def test_a_distance_is_a_band(bench):
    one = bench(DISTANCE)
    one.take([one.sign_on(T + day * DAY, ticket_size=1000 + day) for day in range(5)])
    (alert,) = one.take([one.sign_on(T + 6 * DAY, ticket_size=1300)])
    (size,) = alert.usual[0]["measures"]
    assert (size["observed"], size["low"], size["high"]) == (1300, 952, 1052)
    assert size["limit"] is None


def test_what_asks_no_profile_has_none(bench):
    one = bench("  alert kerberos_as as (actor: account) dedup 1d by actor\n")
    (alert,) = one.take([one.sign_on(T)])
    assert alert.usual == []


def test_alerts_of_one_moment_are_asked_together(bench):
    one = bench(PLACES)
    people = ("ann", "bob", "eve")
    one.take([
        one.sign_on(T + day * DAY + n, f"{who}-pc", who) for day in range(4) for n, who in enumerate(people)
    ])  # fmt: skip
    asked = []
    ask = one.engine._usual.ask
    one.engine._usual.ask = lambda built, alerts, *more: (
        asked.append(len(alerts)) or ask(built, alerts, *more)
    )
    alerts = one.take(
        [one.sign_on(T + 5 * DAY + n * HOUR, "ws9", who) for n, who in enumerate(people)]
    )
    assert asked == [3]
    assert {a.usual[0]["key"]["account"]: a.usual[0]["measures"][0]["values"] for a in alerts} == {
        who: [f"{who}-pc"] for who in people
    }
    assert [a.usual[0]["at"] for a in alerts] == [a.first_row for a in alerts]
