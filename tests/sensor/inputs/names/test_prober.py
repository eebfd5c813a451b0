"""The prober: whom it asks, how often, and what it makes of the answers."""

import asyncio
import threading
import time
from ipaddress import ip_network

import pytest

from sensor.contract import Malformed
from sensor.inputs.names import Method, prober
from sensor.inputs.names.bucket import Bucket
from sensor.inputs.names.prober import Prober

NETWORK = [ip_network("10.0.0.0/24"), ip_network("fd00::/64")]


def method(name, names, primary=True, asked=None):
    async def ask(address, port=0):
        if asked is not None:
            asked.append(address)
        found = names.get(address, ())
        if found == ():
            raise Malformed("no")
        return found

    return Method(name, f"probe_{name}", primary, ask)


@pytest.fixture
def ask():
    """Offer addresses and wait for a number of answers: what they were, and the prober."""
    begun = []

    def start(methods, addresses, answers, rate=10_000):
        found, enough = [], threading.Event()

        def answered(answer):
            found.append(answer)
            if len(found) >= answers:
                enough.set()

        made = Prober(methods, NETWORK, rate, answered)
        begun.append(made)
        made.offer(addresses)
        assert not answers or enough.wait(10)
        return {a.address: (a.host, a.word) for a in found}, made

    yield start
    for each in begun:
        each.close()
        assert each.fault == ""


def settle(made, asked):
    """Until that many questions were asked; fails after ten seconds."""
    end = time.monotonic() + 10
    while sum(made.asked.values()) < asked:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_only_addresses_of_the_networks_are_asked(ask):
    asked = []
    addresses = ["10.0.1.1", "192.0.2.1", "224.0.0.1", "127.0.0.1", "no address", "fd01::1", "10.0.0.9", "fd00::1"]  # fmt: skip
    found, _ = ask([method("a", dict.fromkeys(addresses, "h.x"), asked=asked)], addresses, 2)
    assert found == {"10.0.0.9": ("h.x", "probe_a"), "fd00::1": ("h.x", "probe_a")}
    assert sorted(asked) == ["10.0.0.9", "fd00::1"]


@pytest.mark.parametrize(
    ("first", "second", "dns", "expected"),
    [
        ("name:WS1", "ws1.x", "other.x", ("ws1.x", "probe_b")),
        ("name:WS1", (), "other.x", ("name:WS1", "probe_a")),
        ((), (), "ws1.x", ("ws1.x", "probe_dns")),
        (None, None, "ws1.x", ("ws1.x", "probe_dns")),
        ("ws1.x", "ws2.x", "ws2.x", ("ws2.x", "probe_b")),
        ("ws1.x", "ws2.x", "ws3.x", None),
        ("ws1.x", "ws2.x", (), None),
        ((), (), (), None),
    ],
)
def test_what_is_made_of_answers(ask, first, second, dns, expected):
    given = [
        method("a", {"10.0.0.1": first, "10.0.0.2": "end.x"}),
        method("b", {"10.0.0.1": second}),
        method("dns", {"10.0.0.1": dns}, primary=False),
    ]
    found, made = ask(given, ["10.0.0.1", "10.0.0.2"], 2 if expected else 1)
    assert found.get("10.0.0.1") == expected
    asked_dns = first is None or first == () or second not in ("ws1.x", ())
    settle(made, 4 + asked_dns)
    assert made.asked["probe_dns"] == asked_dns
    assert made.silent["probe_a"] == (first in (None, ()))


def test_an_address_is_asked_once_in_an_hour(ask, monkeypatch):
    asked = []
    _, made = ask([method("a", {"10.0.0.1": "h.x"}, asked=asked)], ["10.0.0.1"] * 3, 1)
    made.offer(["10.0.0.1", "10.0.0.2"])
    settle(made, 2)
    assert asked == ["10.0.0.1", "10.0.0.2"]
    monkeypatch.setattr(prober, "AGAIN_S", 0.0)
    made.offer(["10.0.0.1"])
    settle(made, 3)


def test_who_is_silent_is_left_after_a_while(ask, monkeypatch):
    async def never(address, port=0):
        await asyncio.sleep(60)

    monkeypatch.setattr(prober, "WITHIN_S", 0.05)
    given = [Method("n", "probe_n", True, never), method("a", {"10.0.0.1": "h.x"})]
    found, made = ask(given, ["10.0.0.1"], 1)
    assert (found, made.silent["probe_n"]) == ({"10.0.0.1": ("h.x", "probe_a")}, 1)


def test_it_ends_while_it_asks(ask):
    began = time.monotonic()
    _, made = ask([method("a", {})], [f"10.0.0.{i}" for i in range(256)], 0, rate=0.1)
    made.close()
    made.offer(["10.0.0.1"])
    assert time.monotonic() - began < 4


def test_a_bucket_holds_the_rate():
    now = [0.0]
    bucket = Bucket(10, lambda: now[0])
    assert [bucket.wait() for _ in range(10)] == [0.0] * 10
    assert [round(bucket.wait(), 3) for _ in range(3)] == [0.1, 0.2, 0.3]
    now[0] = 100.0
    assert [bucket.wait() for _ in range(10)] == [0.0] * 10
    assert round(bucket.wait(), 3) == 0.1
    slow = Bucket(0.5, lambda: now[0])
    assert [slow.wait(), slow.wait()] == [0.0, 2.0]
