"""`atp models`: how trained models stand, and training by hand; what the other commands tell of them."""

import json
import random

import pytest

from dsl.schema.kerberos import KerberosTgs
from engine.cli.rules import load_rules
from engine.models import at_hand, training
from engine.models.at_hand import OfFolder
from engine.run import Engine
from engine.store import Store

DAY = 86_400_000_000
FIRST = 20_454  # 2026-01-01
TRAINED = """\
atp: 1
id: odd_access
version: 1
title: Odd access
severity: low
confidence: 40
kill_chain: lateral_movement
mitre: [T1021]
description: |
  A rule of the tests.
false_positives: [none]
known_gaps: [none]
detect: |
  odd = model access_anomaly of kerberos_tgs by account, server over 14d
  t = match kerberos_tgs where odd.score > 0.5 let why := odd.why
  alert t as (actor: account, target: server, why: why)
explain: "{{ actor }} asked for {{ target }}: {{ why }}"
tests:
  - name: never met together
    given:
      - {at: 0s, every: 1d, for: 12, kerberos_tgs: {account: ann@d.test, server: a.d.test}}
      - {at: 1h, every: 1d, for: 12, kerberos_tgs: {account: bob@d.test, server: b.d.test}}
      - {at: 12d, kerberos_tgs: {account: ann@d.test, server: b.d.test}}
    expect: [{actor: ann@d.test, explain~: "nine in ten"}]
  - name: too little learnt
    given:
      - {at: 0s, every: 1d, for: 4, kerberos_tgs: {account: ann@d.test, server: a.d.test}}
      - {at: 6d, kerberos_tgs: {account: ann@d.test, server: b.d.test}}
    expect: []
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "odd" / "odd_access.yaml"
    path.parent.mkdir()
    path.write_text(TRAINED)
    return path.parent


@pytest.fixture
def filled(tmp_path, rules):
    """A database of ten days, whose models were never trained."""
    draw = random.Random(1)
    loaded = load_rules((rules,))
    path = tmp_path / "atp.duckdb"
    engine = Engine(
        Store(path), loaded.rules, compile_detection=loaded.compile_detection, keep=True,
        models=OfFolder(tmp_path / "none"),
    )  # fmt: skip
    events = [
        KerberosTgs(
            ts=(FIRST + day) * DAY + n * 10**9, sensor="s", seq=day * 100 + n + 1, domain="d.test",
            account=f"u{draw.randrange(5)}@d.test", server=draw.choice("aabc") + ".d.test", via="wire",
        )
        for day in range(10) for n in range(30)
    ]  # fmt: skip
    engine.ingest(events)
    engine.tick()
    engine.store.close()
    return path


def test_a_model_from_never_trained_to_in_force(atp, rules, filled):
    pytest.importorskip("scipy", reason="the extra `models` is not installed")
    pytest.importorskip("sklearn", reason="the extra `models` is not installed")
    given = ("--database", filled, "--detections", rules)
    done = atp("models", "list", *given)
    assert (done.code, done.out) == (1, "odd_access.odd (access_anomaly): never trained\n")
    covered = atp("coverage", *given)
    assert "model odd_access.odd: never trained; its score is null" in covered.out

    done = atp("models", "train", *given)
    assert done.code == 0, done
    assert "learned to 2026-01-09 from 9 days, in force from 2026-01-11" in done.out
    done = atp("models", "list", *given, "--format", "json")
    assert done.code == 0, done
    row = json.loads(done.out)
    assert (row["model"], row["learned_to"], row["in_force_from"]) == (
        "odd_access.odd", "2026-01-09", "2026-01-11",
    )  # fmt: skip
    covered = json.loads(atp("coverage", *given, "--format", "json", "--last", "30d").out)
    assert "in force from 2026-01-11" in covered["models"]["odd_access.odd"]

    # as of an earlier day, for what comes after it
    done = atp("models", "train", *given, "--until", "2026-01-08", "odd_access.odd")
    assert done.code == 0, done
    folder = filled.with_name("atp.duckdb.models") / "odd_access.odd"
    assert sorted(p.stem for p in folder.glob("2*.npz")) == ["2026-01-09", "2026-01-11"]
    replayed = atp("replay", *given, "--format", "json")
    assert replayed.code == 0, replayed

    (folder / "2026-01-11.npz").write_bytes(b"nothing of ours")
    done = atp("models", "list", *given)
    assert done.code == 1
    assert "2026-01-11.npz is no model, or a damaged one" in done.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("odd_acess.odd",), "there is no trained model `odd_acess.odd`"),
        (("--until", "soon"), "`soon` is not a date"),
        (("--until", "2030-01-01"), "has not come yet"),
    ],
)
def test_what_training_refuses(atp, rules, filled, words, why, monkeypatch):
    monkeypatch.setattr(training, "can_train", lambda: True)
    done = atp("models", "train", "--database", filled, "--detections", rules, *words)
    assert done.code == 2, done
    assert why in done.err


def test_without_the_extra(atp, rules, filled, monkeypatch):
    monkeypatch.setattr(training, "can_train", lambda: False)
    monkeypatch.setattr(at_hand, "can_train", lambda: False)
    done = atp("models", "train", "--database", filled, "--detections", rules)
    assert done.code == 2, done
    assert "pip install 'atp[models]'" in done.err
    tested = atp("test", rules)
    assert "2 skipped" in tested.out, tested
    replayed = atp("replay", "--database", filled, "--detections", rules)
    assert "has no score" in replayed.err


def test_a_rule_is_tested_with_what_its_own_events_teach(atp, rules):
    pytest.importorskip("scipy", reason="the extra `models` is not installed")
    pytest.importorskip("sklearn", reason="the extra `models` is not installed")
    done = atp("test", rules)
    assert done.code == 0, done
