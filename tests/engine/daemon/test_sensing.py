"""The sensor's own loop: events and what was read how far go to disk together, or wait."""

import pytest

from dsl.schema.dns import DnsQuery
from engine.daemon import sensing as module
from engine.daemon.sensing import Sensing
from sensor.delivery.batch import decode
from sensor.delivery.sampling import Filter, Rule
from sensor.delivery.spool import Spool, SpoolError


class Sender:
    """One that never sends."""

    raw = None
    filter = None
    in_force = ""
    sent = 0

    def __init__(self):
        self.told = {}

    def wake(self):
        self.sent += 1

    def complaints(self):
        return self.told

    def close(self):
        pass


class Source:
    name = "source"
    fault = ""

    def __init__(self, *batches):
        self.batches = list(batches)

    def take(self):
        return self.batches.pop(0) if self.batches else []

    def complaints(self):
        return {"topic": "it hurts"}

    def close(self):
        return [event for batch in self.batches for event in batch]


def events(first, last, sensor="s"):
    return [DnsQuery(ts=i, sensor=sensor, seq=i, query=f"q{i}") for i in range(first, last + 1)]


@pytest.fixture
def spool(tmp_path):
    opened = Spool(tmp_path / "spool.sqlite", 1 << 30, 1e6)
    yield opened
    opened.close()


@pytest.fixture
def sender():
    return Sender()


@pytest.fixture
def make(spool, sender):
    def go(*sources, **kw):
        one = Sensing(spool, sender, [], **kw)
        one.begin(sources)
        return one

    return go


def stored(spool):
    return [[e.seq for e in decode(body).events] for _, body in spool.first(1 << 30, 99)]


def test_numbers_go_on(make, spool, sender, capsys):
    one = make(Source(events(1, 3), [], events(4, 5) + events(1, 1, "other")))
    for _ in range(4):
        one.step()
    assert stored(spool) == [[1, 2, 3], [1, 4, 5]]
    assert sender.sent == 2
    assert capsys.readouterr().err == "warning: it hurts\n"
    again = make()
    assert (again.last("s"), again.last("other"), again.last("new")) == (5, 1, 0)


def test_large_batches_are_cut(make, spool, monkeypatch):
    monkeypatch.setattr(module, "MOST_EVENTS", 4)
    one = make(Source(events(1, 10)))
    one.step()
    assert stored(spool) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_rows_wait_for_the_events_before_them(make, spool):
    one = make()
    one.ingest(events(1, 2))
    one.keep({"file/x": "read"})
    assert spool.states("file/") == {}
    one.step()
    assert spool.states("file/") == {"x": "read"}
    assert stored(spool) == [[1, 2]]
    one.keep({"file/y": "read"})
    assert spool.states("file/") == {"x": "read", "y": "read"}


def test_a_full_disk_is_waited_for(make, spool, monkeypatch, capsys):
    one = make(Source(events(1, 2)))
    append, tries = spool.append, []

    def refuse(*args):
        tries.append(args)
        if len(tries) < 3:
            raise SpoolError("database or disk is full")
        append(*args)

    monkeypatch.setattr(spool, "append", refuse)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    one.step()
    assert stored(spool) == [[1, 2]]
    assert (
        "the spool cannot be written, events wait: database or disk is full"
        in capsys.readouterr().err
    )


def test_what_the_engine_wants_is_remembered(make, sender):
    one = make()
    assert one.raw is False
    sender.raw = True
    assert one.raw is True
    one.step()
    sender.raw = None
    assert make().raw is True


def test_what_was_dropped_is_told_to_the_engine(tmp_path, sender, capsys):
    spool = Spool(tmp_path / "small.sqlite", 150, 1e6)
    one = Sensing(spool, sender, [])
    one.begin([Source(*(events(i, i) for i in range(1, 6)))])
    for _ in range(8):
        one.step()
    kept = spool.first(1 << 30, 99)
    assert [e.seq for _, body in kept for e in decode(body).events] == [5]
    spool.done([number for number, _ in kept])
    one.step()
    one.step()
    ((_, body),) = spool.first(1 << 30, 99)
    (loss,) = decode(body).events
    assert (loss.kind, loss.sensor, loss.activity) == ("gap", "spool", "dns_query")
    assert (loss.lost, loss.from_ts, loss.to_ts) == (4, 1, 5)
    assert "the spool is full" in capsys.readouterr().err
    spool.close()


def test_the_end(make, spool, tmp_path):
    one = make(Source(events(1, 2), events(4, 4)))
    one.step()
    one.ingest(events(3, 3))
    one.close()
    again = Spool(tmp_path / "spool.sqlite", 1 << 30, 1e6)
    assert stored(again) == [[1, 2], [3, 4]]
    again.close()


def test_a_filter_holds_from_the_next_event_on_and_after_a_restart(make, spool, sender):
    wanted = Filter("v1", (Rule("dns_query", 0.0, ()),))

    def seen(first, last):
        found = events(first, last)
        for event in found:
            event.via = "wire"
        return found

    one = make(Source(seen(1, 3), seen(4, 9), seen(10, 12)))
    one.step()
    sender.filter = wanted
    one.step()
    one.step()
    assert stored(spool) == [[1, 2, 3], [4, 5, 6, 7, 8, 9], [10]]  # the first is a sign of life
    assert sender.in_force == "v1"
    assert spool.states("sampled/") == {"dns_query": "2"}
    sender.filter = None
    again = make(Source(seen(13, 15)))
    assert again.last("s") == 12  # no number is given twice, not even of what was left out
    again.step()
    assert stored(spool)[3:] == [[13]]
    assert spool.states("sampled/") == {"dns_query": "4"}
