"""The nightly test: from frames to a verdict, and nothing of it anywhere else."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dsl.schema.dns import DnsQuery
from engine.daemon import canary as module
from engine.daemon.canary import Canaries
from engine.daemon.capture import Capture
from engine.health import HOUR_US, Ground, Trial, found
from sensor.inputs.canary import NAME, Schedule, is_test

MINUTE = 60_000_000
DAY = 1_440 * MINUTE
T0 = 20_000 * DAY


class Live:
    """An interface on which nothing happens."""

    interface = "eth1"
    dropped = 0

    def __init__(self, blocks):
        self._blocks = blocks

    def blocks(self):
        yield from [None] * self._blocks

    def fill(self):
        return 0.0

    def watch(self, ports, *, strict):
        pass

    def stop(self):
        pass

    def close(self):
        pass


class Once:
    """A schedule that is due at the first look."""

    def __init__(self):
        self.left = 1

    def due(self, _now):
        self.left -= 1
        return self.left >= 0


@pytest.fixture
def captured():
    """What a capture makes of the frames."""
    capture = Capture(Live(3), 100, None, Once())
    capture._thread.join(1)
    capture._stop.set()
    events = [*capture.take(), *capture.close()]
    assert capture.fault == ""
    return events


@pytest.fixture
def told():
    return []


@pytest.fixture
def canaries(told):
    return Canaries({}, lambda sensor, at: told.append((sensor, at)))


def test_the_frames_become_an_event_of_the_test(captured):
    (event,) = (e for e in captured if isinstance(e, DnsQuery))
    assert (event.query, event.rcode, event.src_ip) == (NAME, "nxdomain", "192.0.2.1")
    assert event.sensor == "test:interface:eth1"
    assert event.seq > 100
    begun = captured[captured.index(event) - 1]
    assert (begun.kind, begun.sensor) == ("heartbeat", event.sensor)
    assert begun.ts <= event.ts
    assert [e for e in captured if is_test(e.sensor)] == [begun, event]


def test_it_passes_and_goes_no_further(captured, canaries, told):
    left = canaries.without(captured)
    assert left == [e for e in captured if not is_test(e.sensor)]
    (trial,) = canaries.trials.values()
    assert trial.fault == ""
    assert 0 < trial.begun <= trial.at
    assert told == [("interface:eth1", trial.at)]


def test_a_remote_sensors_test_bears_its_name(captured, canaries, told):
    for event in captured:
        event.sensor = f"dc1/{event.sensor}"
    canaries.without(captured)
    assert canaries.trials.keys() == {"dc1/interface:eth1"}


def test_the_name_alone_is_no_test(canaries, told):
    event = DnsQuery(ts=T0, sensor="interface:eth1", seq=1, query=NAME, rcode="nxdomain")
    assert canaries.without([event]) == [event]
    assert (canaries.trials, told) == ({}, [])


def test_one_that_never_arrives_is_missed(captured, canaries, told):
    canaries.without([e for e in captured if not isinstance(e, DnsQuery)])
    (trial,) = canaries.trials.values()
    assert (trial.at, trial.begun > 0, told) == (0, True, [])


@pytest.mark.parametrize("kind", ["other", "fault"])
def test_one_that_fails_is_told(canaries, told, monkeypatch, kind):
    query = "another.invalid" if kind == "other" else NAME
    if kind == "fault":
        monkeypatch.setattr(module, "_rule", lambda: 1 / 0)
    event = DnsQuery(ts=T0, sensor="test:interface:eth1", seq=1, query=query, rcode="nxdomain")
    assert canaries.without([event]) == []
    fault = canaries.trials["interface:eth1"].fault
    assert fault.startswith("the event arrived" if kind == "other" else "ZeroDivisionError")
    assert told == []


def test_schedule():
    schedule = Schedule(180)
    now = T0 + 100 * MINUTE
    assert not schedule.due(now)
    due = [m for m in range(100, 3 * 1_440) if schedule.due(T0 + m * MINUTE)]
    assert due == [101, 180, 180 + 1_440, 180 + 2_880]
    assert not schedule.due(T0 - 5 * DAY)  # the clock went back
    assert schedule.due(T0 - 5 * DAY + MINUTE)


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (Trial(T0 - HOUR_US), None),
        (Trial(T0 - 27 * HOUR_US), "no test of the sensor dc1/interface:eth1 arrived since"),
        (Trial(T0 - HOUR_US, "no rule"), "arrived and failed: no rule"),
        (Trial(T0 - 200 * HOUR_US), None),
        (Trial(0, begun=T0 - MINUTE), None),
        (Trial(0, begun=T0 - 11 * MINUTE), "that did not arrive, none ever did"),
        (Trial(T0 - 24 * HOUR_US, begun=T0 - 11 * MINUTE), "did not arrive, none since 2024-10-03"),
        (Trial(T0 - HOUR_US, begun=T0 - HOUR_US - 1), None),
        (Trial(0, begun=T0 - 200 * HOUR_US), None),
    ],
)
def test_health(trial, words, monkeypatch):
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _: SimpleNamespace(total=1 << 40, used=0, free=1 << 39)
    )
    issues = found(Ground(T0, T0, Path("/"), trials={"dc1/interface:eth1": trial}))
    assert [words in i.text for i in issues] == ([True] if words else [])
