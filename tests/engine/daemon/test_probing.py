"""Probes in the daemon: what is not resolved is asked, answers become events, methods are judged."""

import time
from ipaddress import ip_network

import pytest

from engine.daemon import probing
from engine.daemon.probing import Probing
from sensor.contract import Malformed
from sensor.inputs.names import Method

NETWORK = [ip_network("10.0.0.0/8")]


async def told(address, port=0):
    return f"h{address.rpartition('.')[2]}.x.test"


async def silent(address, port=0):
    raise Malformed("nothing")


@pytest.fixture
def probe():
    begun = []

    def start(ask, addresses, after=0):
        waiting = [addresses]
        made = Probing(
            [Method("ntlm", "probe_ntlm", True, ask)],
            NETWORK,
            10_000,
            lambda: waiting.pop() if waiting else [],
            after,
        )
        begun.append(made)
        return made

    yield start
    for each in begun:
        each.close()


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_answers_are_events_and_the_end_tells_how_it_went(probe):
    source = probe(told, ["10.0.0.1", "192.0.2.1", "10.0.0.2"], after=7)
    events = []
    until(lambda: events.extend(source.take()) or len(events) == 2)
    assert {(e.ip, e.host, e.method, e.sensor) for e in events} == {
        ("10.0.0.1", "h1.x.test", "probe_ntlm", "probes"),
        ("10.0.0.2", "h2.x.test", "probe_ntlm", "probes"),
    }
    (report,) = source.close()
    assert (report.kind, report.activity, report.asked, report.lost, report.seq) == (
        "probe", "probe_ntlm", 2, 0, 10,
    )  # fmt: skip
    assert [e.seq for e in events] == [8, 9]
    assert source.complaints() == {"probe_ntlm": ""}


@pytest.mark.parametrize(("number", "failing"), [(19, False), (20, True)])
def test_a_method_that_nobody_answers_is_complained_of(probe, monkeypatch, number, failing):
    source = probe(silent, [f"10.0.0.{i}" for i in range(number)])
    source.take()
    until(lambda: source._prober.silent["probe_ntlm"] == number)
    assert source.complaints() == {}
    monkeypatch.setattr(probing, "REPORT_S", 0.0)
    (report,) = source.take()
    assert (report.asked, report.lost) == (number, number)
    assert bool(source.complaints()["probe_ntlm"]) is failing
    assert source.take() == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--probe-networks", "10.0.0.0/33"], "error: --probe-networks: `10.0.0.0/33` is no network\n"),
        (["--probe-networks", "10.0.0.0/8", "--probe", "ntml"], "error: --probe: `ntml` is no method\n  = hint: methods are dns, netbios, ntlm, rdp"),
        (["--probe-networks", "10.0.0.0/8", "--probe", ","], "error: --probe names no method\n"),
    ],
)  # fmt: skip
def test_what_is_refused(atp_run, args, said):
    run = atp_run(*args)
    assert run.process.wait(30) == 2
    assert said in run.err


def test_the_daemon_says_whom_it_asks(atp_run):
    run = atp_run("--probe-networks", "192.0.2.0/24,10.9.0.0/16", "--probe", "rdp,dns").begun()
    assert "names in 192.0.2.0/24, 10.9.0.0/16 (rdp, dns)" in run.err
    assert run.stop()[0] == 0
