"""profiles: what was learnt, from when on it may be asked, what is withheld."""

import json

import pytest

from dsl.schema.ntlm import NtlmAuth
from engine.cli.rules import load_rules
from engine.entities_rows import FOREVER
from engine.run import Engine
from engine.store import Store

HOUR = 3_600_000_000
DAY = 24 * HOUR
T = 1_767_571_200_000_000
BLOCK = """\
usual = profile of ntlm_auth by account bucket 1d over 20d
    learn hosts := set(source) ready age >= 5d and n >= 3
  a = match ntlm_auth where not source in usual.hosts
  alert a as (source: source, asked: account)\
"""
CHANGES = {
    "a = match dns_query where qtype == axfr\n  alert a as (source: source, asked: query)": BLOCK,
    "{dns_query: {query: a}}": "{ntlm_auth: {account: a}}",
}


@pytest.fixture
def learnt(rule, tmp_path):
    """Days -> arguments that name a rule and a database that learnt so long."""

    def make(days):
        path = rule(folder="detections/discovery", **CHANGES)
        loaded = load_rules((path,))
        file = tmp_path / "atp.duckdb"
        engine = Engine(
            Store(file), loaded.rules, compile_detection=loaded.compile_detection, keep=True,
            directory_settled=FOREVER, as_written=True,
        )  # fmt: skip
        who = [(d, "often@x", "evil" if d == 8 else "home") for d in range(days)]
        if days:
            who += [(1, "seldom@x", "home"), (days, "other@x", "home")]
        for seq, (day, account, source) in enumerate(sorted(who)):
            engine.ingest([NtlmAuth(
                ts=T + day * DAY + HOUR, sensor="s", seq=seq, via="wire", domain="x",
                source=source, account=account, outcome="success",
            )])  # fmt: skip
            engine.tick()
        for _ in range(days):
            engine.tick()
        engine.store.parts.reached  # noqa: B018 - the file is there also where nothing was learnt
        engine.store.close()
        return ("profiles", "--database", file, "--detections", path)

    return make


@pytest.mark.parametrize(
    ("days", "code", "keys", "ready_keys", "withheld"), [(3, 1, 2, 1, 0), (12, 0, 2, 1, 1)]
)
def test_what_was_learnt(atp, learnt, days, code, keys, ready_keys, withheld):
    done = atp(*learnt(days), "--format", "json")
    assert done.code == code, done
    told = json.loads(done.out)
    assert (told["detection"], told["profile"]) == ("zone_transfers", "usual")
    assert (told["keys"], told["ready_keys"], told["withheld_keys"]) == (keys, ready_keys, withheld)
    assert (told["first"], told["ready_from"]) == ("2026-01-05T01:00:00Z", "2026-01-10T01:00:00Z")
    assert told["learnt_us"] // DAY == days - 1


def test_what_may_not_be_asked_yet_is_said(atp, learnt):
    done = atp(*learnt(3))
    assert "zone_transfers usual: 2 keys; 48h of 20d learnt" in done.out.replace("2d of", "48h of")
    assert "may be asked from 2026-01-10T01:00:00Z; 1 keys seen too seldom" in done.out


def test_nothing_learnt_yet(atp, learnt):
    done = atp(*learnt(0))
    assert (done.code, done.out) == (1, "zone_transfers usual: nothing learnt yet\n")


def test_a_database_that_never_learnt(atp, tmp_path):
    Store(tmp_path / "new.duckdb").close()
    done = atp("profiles", "--database", tmp_path / "new.duckdb")
    assert done.code == 2
    assert "new.duckdb.learnt is not there" in done.err


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (3, "learning until 2026-01-10T01:00:00Z, 2 keys, 1 seen too seldom to be asked"),
        (12, "ready, 2 keys, 1 seen too seldom to be asked, 1 with rows withheld behind alerts"),
    ],
)
def test_coverage_says_how_they_stand(atp, learnt, days, told):
    _, *of = learnt(days)
    _, profile, *_ = atp("coverage", *of).out.splitlines()
    assert profile == f"  profile usual: {told}"


def test_coverage_says_so_in_json_and_what_learnt_nothing(atp, learnt, tmp_path):
    _, *of = learnt(3)
    row = json.loads(atp("coverage", *of, "--format", "json").out)
    assert row["profiles"] == {
        "usual": {
            "state": "learning", "ready_from": "2026-01-10T01:00:00Z", "keys": 2, "withheld_keys": 0,
        }
    }  # fmt: skip
    (tmp_path / "atp.duckdb.learnt").unlink()
    assert "  profile usual: learning, nothing learnt yet\n" in atp("coverage", *of).out
