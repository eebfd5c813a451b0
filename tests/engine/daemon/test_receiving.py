"""Receiving: a sender is told when its events are stored, and nobody is let in beyond the bound."""

import pytest

from dsl.schema.dns import DnsQuery
from engine.daemon import receiving as module
from engine.daemon.receiving import Receiving
from engine.daemon.serving import Site
from engine.instance.authority import Authority, create_authority
from engine.instance.registry import Registry, Sensor
from engine.web.listener import open_port

EVENTS = [DnsQuery(ts=i, sensor="dc1/x", seq=i) for i in range(3)]


@pytest.fixture
def held():
    return {}


@pytest.fixture
def registry(tmp_path):
    create_authority(tmp_path / "i", [])
    opened = Registry(tmp_path / "i" / "sensors.sqlite")
    opened.add("dc1", "dc1", "c", "", "")
    opened.add("gone", "gone", "c", "", "")
    opened.revoke("gone")
    yield opened
    opened.close()


@pytest.fixture
def receiving(tmp_path, registry, held):
    authority = Authority(tmp_path / "i")
    site = Site("127.0.0.1", open_port("127.0.0.1", 0), authority)
    one = Receiving(site, authority, registry, held.__setitem__, raw=False)
    site.start()
    yield one
    one.close()


def test_a_sender_is_told_when_its_events_are_stored(receiving):
    first = receiving._offer("dc1", EVENTS, behind=False)
    assert receiving.take() == EVENTS
    second = receiving._offer("dc1", EVENTS[:1], behind=False)
    assert not first.done()
    receiving.stored()
    assert first.done()
    assert not second.done()
    assert receiving.take() == EVENTS[:1]
    receiving.stored()
    assert second.done()


def test_a_sender_that_gave_up_harms_nobody(receiving):
    first, second = (receiving._offer("dc1", EVENTS, behind=False) for _ in range(2))
    first.cancel()
    receiving.take()
    receiving.stored()
    assert second.done()


def test_there_is_a_bound(receiving, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 5)
    assert receiving._offer("dc1", EVENTS, behind=False) is not None
    assert receiving._offer("dc1", EVENTS, behind=False) is None
    receiving.take()
    assert receiving._offer("dc1", EVENTS, behind=False) is None
    receiving.stored()
    # one that is larger than the bound is let in alone
    assert receiving._offer("dc1", EVENTS * 3, behind=False) is not None


def test_a_sign_of_life_waits_for_nothing(receiving):
    assert receiving._offer("dc1", [], behind=False).done()


def test_who_catches_up_holds_the_watermark(receiving, held):
    assert held.keys() == {"dc1"}  # the engine was away; not the revoked one
    held.clear()
    receiving._offer("dc1", EVENTS, behind=False)
    receiving.take()
    assert held == {}
    receiving._offer("dc1", EVENTS, behind=True)
    receiving.take()
    assert held.keys() == {"dc1"}


@pytest.mark.parametrize(
    ("stands", "topic", "words"),
    [
        ({"skew": 90_000_000}, "clock dc1", "the clock of dc1 is 90 s ahead of the engine's"),
        ({"skew": -90_000_000}, "clock dc1", "the clock of dc1 is 90 s behind the engine's"),
        ({"dropped": {"a": 2, "b": 3}}, "dropped dc1", "dc1 dropped 5 events, its disk was full"),
        ({}, "silent dc1", ""),
        (
            {"waiting": 7, "oldest": 1_767_614_400_000_000},
            "behind dc1",
            "7 batches wait on the disk of dc1, their oldest event is of 2026-01-05 12:00 UTC",
        ),
        ({"waiting": 7, "oldest": -200_000_000}, "behind dc1", ""),
        ({"oldest": 0}, "behind dc1", ""),
    ],
)
def test_complaints(receiving, registry, stands, topic, words):
    if stands.get("oldest", 0) < 0:  # so long ago
        stands = stands | {"oldest": module._now() + stands["oldest"]}
    registry.seen(Sensor("dc1", "dc1", 0, "c", **stands))
    assert receiving.complaints()[topic] == words


def test_a_silent_sensor(receiving, registry, monkeypatch):
    late = module._now() + 301_000_000
    monkeypatch.setattr(module, "_now", lambda: late)
    told = receiving.complaints()
    assert told["silent dc1"].startswith("dc1 has said nothing since 20")
    assert told["silent gone"] == ""
