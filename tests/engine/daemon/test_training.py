"""Training beside a running engine: nothing waits for it, and its alerts are those of a replay."""

import random
import threading
import time

import pytest
from planned import planned

from dsl.envelope import Envelope
from dsl.schema.kerberos import KerberosTgs
from engine.backends.duckdb import compile_detection
from engine.daemon import training as module
from engine.daemon.training import Training
from engine.hindsight import hindsight
from engine.models.at_hand import OfFolder
from engine.models.days import day_text
from engine.run import Engine
from engine.running import Rule
from engine.store import Store

DAY = 86_400_000_000
FIRST = 20_454
TEXT = """odd = model access_anomaly of kerberos_tgs by account, server over 14d
t = match kerberos_tgs where odd.score > 0.02 let s := odd.score, why := odd.why, version := odd.version
alert t as (actor: account, server: server, s: s, why: why, version: version)"""


@pytest.fixture
def rule():
    plan, faults = planned(TEXT)
    assert plan is not None, faults
    envelope = Envelope(
        id="case", version=1, title="t", severity="medium", confidence=50, external_id=None,
        kill_chain="", mitre=(), description="", references=(), false_positives=(),
        known_gaps=(), respond=(), params={}, explain="seen", evidence=(),
    )  # fmt: skip
    return Rule(plan, envelope)


def day_of_events(day, seq):
    draw = random.Random(day)
    times = sorted(draw.randrange(DAY // 2, DAY) for _ in range(40))
    return [
        KerberosTgs(
            ts=(FIRST + day) * DAY + ts, sensor="s", seq=seq + n, domain="d",
            account=f"u{draw.randrange(6)}@d", server=draw.choice(["a.d", "a.d", "b.d", "c.d", "e.d"]),
        )
        for n, ts in enumerate(times)
    ]  # fmt: skip


def finished(training):
    """Steps until nothing is under way, as the service takes them."""
    for _ in range(10_000):
        training.step()
        if training._job is None:
            return
        time.sleep(0.02)
    raise AssertionError("the training does not end")


def told(alerts):
    return sorted(
        (a.id, a.first_row, a.last_row, sorted(map(str, a.roles.items()))) for a in alerts
    )


def engine_of(store, rule, folder):
    return Engine(
        store, [rule], compile_detection=compile_detection, as_written=True, keep=True,
        models=OfFolder(folder),
    )  # fmt: skip


@pytest.mark.slow
def test_live_alerts_are_those_of_a_replay(rule, tmp_path):
    pytest.importorskip("scipy", reason="the extra `models` is not installed")
    pytest.importorskip("sklearn", reason="the extra `models` is not installed")
    folder = tmp_path / "atp.duckdb.models"
    store = Store(tmp_path / "atp.duckdb")
    engine = engine_of(store, rule, folder)
    training = Training(engine, folder)
    notes = []
    for day in range(10):
        engine.ingest(day_of_events(day, 1 + 100 * day))
        engine.tick()
        finished(training)
        assert not training.complaints
        notes += training.notes
        training.notes.clear()
    engine.tick(final=True)
    live = told(engine.alerts())
    assert live
    # seven days are closed on the eighth, and the first model is in force on the ninth
    assert f"in force from {day_text(FIRST + 8)}" in notes[0]
    stems = sorted(p.stem for p in (folder / "case.odd").glob("2*.npz"))
    assert stems[0] == day_text(FIRST + 8)
    versions = {a.roles["version"] for a in engine.alerts()}
    assert len(versions) > 1

    # by the files, by training as it goes, and after a restart: the same
    for models in (OfFolder(folder), None):
        again = hindsight(store, [rule], compile_detection, (0, 2**61), models=models)
        assert told(again.alerts) == live
    restarted = Training(engine_of(store, rule, folder), folder)
    finished(restarted)
    assert not restarted.notes
    store.close()


def test_without_the_extra_it_says_so(rule, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "can_train", lambda: False)
    store = Store()
    engine = engine_of(store, rule, tmp_path)
    engine.ingest(day_of_events(0, 1))
    engine.tick()
    training = Training(engine, tmp_path)
    training.step()
    assert "pip install 'atp[models]'" in training.complaints["case.odd"]
    training.close()
    store.close()


def test_what_fails_is_told_and_tried_again_later(rule, tmp_path):
    (tmp_path / "models").write_text("a file in the way")
    store = Store(tmp_path / "x.duckdb")
    engine = engine_of(store, rule, tmp_path / "models")
    engine.ingest(day_of_events(0, 1) + day_of_events(1, 100))
    engine.tick()
    training = Training(engine, tmp_path / "models")
    finished(training)
    assert "is not trained" in training.complaints["case.odd"]
    training.step()
    assert training._job is None
    training.close()
    store.close()


def test_a_step_waits_for_nothing(rule, tmp_path, monkeypatch):
    pytest.importorskip("scipy", reason="the extra `models` is not installed")
    pytest.importorskip("sklearn", reason="the extra `models` is not installed")
    go_on = threading.Event()
    monkeypatch.setattr(module._Job, "run", lambda _: go_on.wait(60))
    engine = engine_of(Store(tmp_path / "atp.duckdb"), rule, tmp_path)
    engine.ingest(day_of_events(0, 1))
    engine.tick()
    training = Training(engine, tmp_path)
    for _ in range(2):  # the one that begins it, and one while it lasts
        training.step()
        assert training._job.is_alive()
    go_on.set()
    finished(training)
