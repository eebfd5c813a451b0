"""The sender: a batch leaves the spool when the engine has it or never will, and not before."""

import threading
import time

import msgspec
import pytest

from sensor.delivery import sender as module
from sensor.delivery.identity import save_identity
from sensor.delivery.link import LinkError
from sensor.delivery.protocol import Delivery, Receipt
from sensor.delivery.sender import Sender
from sensor.delivery.spool import Packed, Spool


class Engine:
    """Answers with what the test says; `seen` are the deliveries."""

    def __init__(self):
        self.seen = []
        self.answer = self.take
        self.clock = 0

    def take(self, delivery):
        now = time.time_ns() // 1000 + self.clock
        return 200, msgspec.msgpack.encode(Receipt([n for n, _ in delivery.batches], {}, True, now))

    def post(self, _path, body, headers):
        assert headers["Authorization"] == "Bearer dc1.secret"
        delivery = msgspec.msgpack.decode(body, type=Delivery)
        self.seen.append(delivery)
        return self.answer(delivery)

    def close(self):
        pass


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def spool(tmp_path):
    opened = Spool(tmp_path / "spool.sqlite", 1 << 30, 1e6)
    for i in range(5):
        opened.append(Packed(b"%d" % i * 100, {"dns_query": 1}, i, i), {})
    yield opened
    opened.close()


@pytest.fixture
def sender(tmp_path, spool, engine, monkeypatch):
    monkeypatch.setattr(Sender, "_new_link", lambda _: engine)
    monkeypatch.setattr(module, "_IDLE_S", 0.05)
    identity = save_identity(tmp_path / "s", "dc1", "dc1.secret", "https://e", "", "", "")
    made = Sender(identity, spool, "0.1", "", pause_s=0.01)
    yield made
    made.close(0)
    assert threading.active_count() < 20


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_is_acknowledged_leaves(sender, spool, engine):
    sender.start()
    until(lambda: not spool.waiting().batches and sender.sent == 5)
    assert [n for d in engine.seen for n, _ in d.batches] == [1, 2, 3, 4, 5]
    assert sender.raw is True
    assert not any(sender.complaints().values())
    # with nothing to send a sign of life
    until(lambda: len(engine.seen) > 3)
    assert (engine.seen[-1].batches, engine.seen[-1].oldest) == ([], None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda _: (503, b"busy"), "the engine is busy"),
        (lambda _: (500, b""), "answers 500"),
        (lambda _: (401, b""), "is it revoked?"),
        (lambda _: (200, b"\xc1"), "cannot be read"),
        (lambda _: (_ for _ in ()).throw(LinkError("connection refused")), "connection refused"),
    ],
)
def test_until_then_it_waits_and_is_sent_again(sender, spool, engine, answer, words):
    engine.answer = answer
    sender.start()
    until(lambda: len(engine.seen) > 2)
    assert words in sender.complaints()["delivery"]
    assert spool.waiting().batches == 5
    engine.answer = engine.take
    until(lambda: not spool.waiting().batches)
    until(lambda: not sender.complaints()["delivery"])


def test_what_the_engine_never_takes_is_told(sender, spool, engine):
    def partly(delivery):
        numbers = [n for n, _ in delivery.batches]
        receipt = Receipt(numbers[1:], dict.fromkeys(numbers[:1], "it is junk"), False, 0)
        return 200, msgspec.msgpack.encode(receipt)

    engine.answer = partly
    sender.start()
    until(lambda: not spool.waiting().batches)
    assert (sender.sent, sender.refused) == (4, 1)
    assert "refused 1 batches since the start: it is junk" in sender.complaints()["refused"]


def test_too_much_at_once(sender, spool, engine):
    def small(delivery):
        return (413, b"") if len(delivery.batches) > 2 else engine.take(delivery)

    engine.answer = small
    sender.start()
    until(lambda: not spool.waiting().batches)
    assert (sender.sent, sender.refused) == (5, 0)


def test_one_that_is_too_large_does_not_stop_the_others(sender, spool, engine):
    def not_three(delivery):
        numbers = [n for n, _ in delivery.batches]
        return (413, b"") if 3 in numbers else engine.take(delivery)

    engine.answer = not_three
    sender.start()
    until(lambda: not spool.waiting().batches)
    assert (sender.sent, sender.refused) == (4, 1)


@pytest.mark.parametrize(("apart", "words"), [(90, "behind"), (-90, "ahead of"), (30, "")])
def test_a_clock_that_is_wrong(sender, engine, apart, words):
    engine.clock = apart * 1_000_000
    sender.start()
    until(lambda: sender.sent)
    told = sender.complaints()["clock"]
    assert words in told
    assert bool(told) == bool(words)
