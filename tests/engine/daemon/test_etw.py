"""Traces read live, over a session of the test's own: numbers, losses, a session that goes away."""

from __future__ import annotations

import queue
import socket
import sys
import time

import pytest

from dsl.schema.registry import event_type
from engine.daemon import etw
from engine.daemon.etw import Tracing
from engine.daemon.inputs import Ground
from engine.daemon.inputs.etw import _Traces, opened
from sensor.inputs.etwapi import Lost
from sensor.inputs.interface import InterfaceError
from sensor.map.record import Record

END = object()


class Traces:
    """Event tracing, as `TraceApi`; its own session, too."""

    def __init__(self):
        self.come, self.started, self.stopped, self.fails = queue.Queue(), 0, 0, 0

    def start(self, name):
        assert name == etw.SESSION
        if self.fails:
            self.fails -= 1
            raise InterfaceError("too many sessions")
        self.started += 1
        self.come = queue.Queue()
        return self

    def read(self, tell):
        while (item := self.come.get()) is not END:
            tell(item)

    def lost(self):
        return Lost(3, 1)

    def stop(self):
        self.stopped += 1
        self.come.put(END)


def search(number):
    return Record(
        ts=1_740_992_400_000_000 + number, event_id=30, provider="Microsoft-Windows-LDAP-Client",
        trace=True, data={"ScopeOfSearch": "2", "SearchFilter": f"(cn=u{number})"},
    )  # fmt: skip


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def tracing(monkeypatch, tmp_path):
    monkeypatch.setattr(etw, "_AGAIN_S", 0.01)
    made = []

    def run(api, after=0, *, raw=False):
        last = {etw.SENSOR: after}
        ground = Ground(lambda name: last.get(name, 0), raw, tmp_path / "r", tmp_path / "m")
        made.append(_Traces(api).start(ground))
        return made[-1]

    yield run
    for each in made:
        each.close()


def test_searches_of_this_machine(tracing):
    api = Traces()
    source = tracing(api)
    assert isinstance(source, Tracing)
    for number in range(3):
        api.come.put(search(number))
    until(lambda: source.queued >= 4)
    found = source.take()
    told = [e for e in found if event_type(e) == "ldap_search"]
    assert [e.filter for e in told] == ["(cn=u0)", "(cn=u1)", "(cn=u2)"]
    assert [e.seq for e in found] == [1, 2, 3, 4]
    assert {e.source.removeprefix("name:") for e in told} == {socket.getfqdn()}
    assert {(e.sensor, e.via) for e in told} == {("etw", "etw")}
    assert source.complaints()["dropped"].startswith("Windows lost 3 events and 1 buffers")
    source.close()
    assert api.stopped >= 1


def test_numbers_go_on_after_the_last_run(tracing):
    api = Traces()
    source = tracing(api, after=41, raw=True)
    api.come.put(search(1))
    until(lambda: source.queued >= 3)
    numbers = {(e.sensor, e.seq) for e in source.take()}
    assert numbers == {("etw", 42), ("etw", 43), ("etw raw", 1)}


def test_a_session_that_is_stopped_is_started_again(tracing):
    api = Traces()
    source = tracing(api)
    source.complaints()
    api.fails = 20
    api.come.put(END)
    until(lambda: source.complaints()["away"])
    until(lambda: api.started == 2)
    api.come.put(search(1))
    until(lambda: source.queued)
    assert source.complaints()["away"] == ""
    assert source.complaints()["dropped"].startswith("Windows lost 6 events and 2 buffers")


def test_a_defect_does_not_end_it(tracing):
    api = Traces()
    source = tracing(api)
    api.come.put(None)
    api.come.put(search(1))
    until(lambda: source.queued)
    assert source.complaints()["unread"].startswith("1 events could not be read")


def test_what_cannot_be_started_ends_the_start(tmp_path, capsys):
    api = Traces()
    api.fails = 1
    with pytest.raises(SystemExit):
        _Traces(api).start(Ground(lambda _: 0, False, tmp_path / "r", tmp_path / "m"))
    assert "too many sessions" in capsys.readouterr().err
    assert opened(etw=False) == []


@pytest.mark.skipif(sys.platform == "win32", reason="elsewhere than on Windows")
def test_elsewhere(capsys):
    with pytest.raises(SystemExit):
        opened(etw=True)
    told = capsys.readouterr().err
    assert "on Windows only" in told
    assert ".etl" in told
