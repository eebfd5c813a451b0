"""Alerts out: each change once into the spool, what was not acknowledged again, whatever happens."""

import threading
import time
from types import SimpleNamespace

import msgspec
import pytest

from engine.daemon import dispatch
from engine.daemon.dispatch import Dispatch
from engine.daemon.outputs import RefusedError, UnreachableError
from engine.daemon.sinks_file import Filter, Sink
from engine.sinks.trial import trial
from engine.store import spool as spools
from engine.store.spool import Spool


class Receiver:
    """Takes messages; `answers` are raised one after the other, then it takes all."""

    def __init__(self):
        self.got = []
        self.answers = []
        self.closed = threading.Event()

    def open(self):
        return self

    def send(self, message):
        if self.answers:
            raise self.answers.pop(0)
        self.got.append((message.id, message.change, message.alert["number"]))

    def close(self):
        self.closed.set()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def begin(tmp_path, receiver, monkeypatch):
    monkeypatch.setattr(dispatch, "_pause", lambda _: 0.01)
    begun = []

    def start(filter_=None, identity="d", open_=None):
        sink = Sink("siem", "syslog", filter_ or Filter(), open_ or receiver.open)
        begun.append(Dispatch(tmp_path / "s.spool", [sink], identity, lambda a, t: t in a["roles"]))
        return begun[-1]

    yield start
    for one in begun:
        for line in one._lines:
            line.stop()
            line.join(5)


def change(seq, kind="opened", number=1, *, raised=False, **alert):
    told = trial(0, "ann") | {"number": number, "severity": "medium", "confidence": 50} | alert
    return SimpleNamespace(
        seq=seq, kind=kind, raised=raised, alert=SimpleNamespace(number=number)
    ), told


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def counts(tmp_path):
    spool = Spool(tmp_path / "s.spool")
    (found,) = spool.counts()
    spool.close()
    return found


def test_each_change_once_in_order(begin, receiver, tmp_path):
    one = begin()
    one.take([change(1), change(2, number=2)], 2)
    # the outbox gives again what it does not know to be taken
    one.take([change(1), change(2, number=2), change(3, number=3)], 3)
    until(lambda: len(receiver.got) == 3)
    assert receiver.got == [("d.1", "opened", 1), ("d.2", "opened", 2), ("d.3", "opened", 3)]
    one.close()
    assert receiver.closed.is_set()
    assert counts(tmp_path)[1:] == (0, 3, 0, 0, "")


def test_what_was_not_acknowledged_goes_again_after_a_restart(begin, receiver, tmp_path):
    receiver.answers = [UnreachableError("no route")] * 1000
    one = begin()
    one.take([change(1), change(2, number=2)], 2)
    until(lambda: counts(tmp_path).trouble == "no route")
    assert one.complaints() == {"sink siem": "the sink siem does not deliver: no route"}
    one.close()
    assert counts(tmp_path).waiting == 2
    receiver.answers = []
    again = begin()
    again.take([change(2, number=2)], 2)
    until(lambda: len(receiver.got) == 2)
    again.close()
    assert [i for i, *_ in receiver.got] == ["d.1", "d.2"]
    assert counts(tmp_path)[1:] == (0, 2, 0, 0, "")
    assert again.complaints() == {"sink siem": ""}


def test_what_is_refused_does_not_hold_up_the_rest(begin, receiver, tmp_path):
    receiver.answers = [RefusedError("too long")]
    one = begin()
    one.take([change(1), change(2, number=2)], 2)
    until(lambda: receiver.got == [("d.2", "opened", 2)])
    one.close()
    assert counts(tmp_path)[1:] == (0, 1, 1, 0, "")


def test_of_too_many_the_oldest_are_dropped_and_counted(begin, receiver, tmp_path, monkeypatch):
    monkeypatch.setattr(spools, "MOST", 3)
    receiver.answers = [UnreachableError("down")] * 1000
    one = begin()
    one.take([change(n, number=n) for n in range(1, 6)], 5)
    one.close()
    assert counts(tmp_path)[1:5] == (3, 0, 0, 2)
    receiver.answers = []
    again = begin()
    until(lambda: len(receiver.got) == 3)
    assert [n for *_, n in receiver.got] == [3, 4, 5]
    again.close()


def test_another_database_begins_anew(begin, receiver):
    one = begin()
    one.take([change(7)], 7)
    one.close()
    again = begin(identity="other")
    again.take([change(1)], 1)
    again.take([change(2)], 2)
    until(lambda: len(receiver.got) == 3)
    again.close()
    assert [i for i, *_ in receiver.got] == ["d.7", "other.1", "other.2"]


def test_updates_go_out_once_a_day_and_when_it_gets_worse(begin, receiver, monkeypatch):
    now = [10**18]
    monkeypatch.setattr(dispatch.time, "time_ns", lambda: now[0])
    one = begin()
    one.take([change(1)], 1)
    one.take([change(2, "updated")], 2)
    one.take([change(3, "updated", raised=True)], 3)
    now[0] += 25 * 3600 * 10**9
    one.take([change(4, "updated"), change(5, "updated")], 5)
    until(lambda: len(receiver.got) == 3)
    one.close()
    assert [i for i, *_ in receiver.got] == ["d.1", "d.3", "d.4"]


@pytest.mark.parametrize(
    ("filter_", "kind", "alert", "passes"),
    [
        ({}, "opened", {}, True),
        ({}, "reopened", {}, True),
        ({}, "opened", {"status": "suppressed"}, False),
        ({}, "updated", {"status": "closed"}, False),
        ({}, "closed", {"status": "closed"}, False),
        ({"send": {"closed"}}, "closed", {"status": "closed"}, True),
        ({"send": {"gone"}}, "merged", {"status": "merged"}, True),
        ({"severity": "high"}, "opened", {}, False),
        ({"severity": "medium"}, "opened", {}, True),
        ({"confidence": 51}, "opened", {}, False),
        ({"detections": {"dcsync"}}, "opened", {}, False),
        ({"detections": {"dcsync"}}, "opened", {"detection": "dcsync"}, True),
        ({"tactics": {"test"}}, "opened", {}, True),
        ({"tactics": {"impact"}}, "opened", {}, False),
        ({"tags": {"sensitive"}}, "opened", {}, False),
        ({"tags": {"sensitive"}}, "opened", {"roles": {"sensitive": "x"}}, True),
    ],
)
def test_filters(filter_, kind, alert, passes):
    _, told = change(1, kind, **alert)
    made = Filter(**{k: frozenset(v) if isinstance(v, set) else v for k, v in filter_.items()})
    assert made.lets(kind, told, lambda tag: tag in told["roles"]) is passes


def test_evidence_goes_out_in_part():
    _, told = change(1, evidence=[{"ts": n} for n in range(500)])
    assert len(msgspec.json.decode(dispatch.packed(told))["evidence"]) == 100
