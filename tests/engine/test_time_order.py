"""Events in one order of time, in memory and over runs on disk."""

import random
import tempfile

import pytest

from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosTgs
from engine.time_order import TimeOrder


def events():
    rng = random.Random(7)
    made = [DnsQuery(ts=rng.randrange(50), sensor=rng.choice("ab"), seq=i) for i in range(1000)]
    made += [KerberosTgs(ts=rng.randrange(50), sensor="c", seq=i, tgt_hash=b"\x00\xff", req_etypes=["aes256", "rc4"]) for i in range(100)]  # fmt: skip
    return made


def ordered(found, run):
    order = TimeOrder(run)
    for start in range(0, len(found), 33):
        order.add(found[start : start + 33])
    assert order.count == len(found)
    return list(order.events())


@pytest.mark.parametrize("run", [1, 40, 1099, 1100, 10**9])
def test_order(run):
    found = events()
    expected = sorted(found, key=lambda e: (e.ts, e.sensor, e.seq))
    random.Random(1).shuffle(found)
    assert ordered(found, run) == expected


def test_none():
    assert list(TimeOrder().events()) == []


def test_events_without_sensor_or_number():
    found = [DnsQuery(ts=2), DnsQuery(ts=1), DnsQuery(ts=1, sensor="a")]
    assert ordered(found, 2) == [found[1], found[2], found[0]]


def test_memory_holds_one_run(monkeypatch):
    order = TimeOrder(100)
    for event in events():
        order.add([event])
        assert len(order._held) <= 100
    assert len(list(order.events())) == order.count


def test_a_full_disk_is_told_and_loses_nothing(monkeypatch):
    class Full:
        def tell(self):
            return 0

        def write(self, _data):
            raise OSError(28, "No space left on device")

    order = TimeOrder(10)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    with pytest.raises(OSError, match="No space"):
        order.add(events())
    assert order.count == len(order._held) == 1100
