"""Files into the engine: in order, interruptible, with ends that are known only later."""

import time

import pytest
from pcap_file import pcap_bytes

from engine.daemon import reader
from engine.daemon.folders import Folders
from engine.daemon.reader import Reader, Stopped


class Taken:
    """An engine that only takes, and drops repeats as the real one does."""

    def __init__(self, store):
        self.store, self.events, self.repeated = store, {}, 0
        self.fails = None

    raw = False

    def keep(self, rows):
        self.store.append((), rows)

    def states(self, prefix):
        return self.store.states(prefix)

    def ingest(self, events):
        if self.fails:
            raise self.fails
        for event in events:
            self.repeated += (event.sensor, event.seq) in self.events
            self.events.setdefault((event.sensor, event.seq), event)


class Work:
    def __init__(self, watched, store, quiet_s=1e9):
        self.engine, self.breaths, self.stop_at = Taken(store), 0, None
        self.reader = Reader(self.engine, Folders([watched], store), self.breathe, quiet_s)
        self.look = self.read = self.reader.step

    def breathe(self):
        self.breaths += 1
        if self.stop_at is not None and self.breaths >= self.stop_at:
            raise Stopped

    @property
    def kinds(self):
        return [(type(e).__name__, e.ts) for e in self.engine.events.values()]


@pytest.fixture
def work(watched, store):
    return lambda **kw: Work(watched, store, **kw)


def requests(packets):
    """Packets up to one that waits for its answer: a request over UDP."""
    at = next(i for i, (_, f) in enumerate(packets) if f[23:24] == b"\x11" and f[36:38] == b"\x005")
    return packets[: at + 1]


def test_ends_wait_until_the_file_is_quiet(work, watched, recording):
    cut = requests(recording)
    (watched / "a").write_bytes(pcap_bytes(cut))
    one = work()
    one.look(), one.read()
    before = len(one.engine.events)
    assert not [k for k, _ in one.kinds if k == "DnsQuery"]
    (watched / "a").write_bytes(pcap_bytes(recording[: len(cut) + 40]))
    end = time.monotonic() + 30
    while len(one.engine.events) == before and time.monotonic() < end:
        one.look()
    answered = [e for e in one.engine.events.values() if type(e).__name__ == "DnsQuery"]
    assert answered
    assert all(e.outcome is not None for e in answered)
    assert one.engine.repeated == before


@pytest.mark.parametrize("gone", [False, True])
def test_ends_are_put_in(work, watched, store, recording, gone):
    (watched / "a").write_bytes(pcap_bytes(requests(recording)))
    one = work(quiet_s=1e9 if gone else 0.0)
    one.look(), one.read()
    if gone:
        (watched / "a").unlink()
        one.look()
    assert [k for k, _ in one.kinds if k == "DnsQuery"]
    assert len({e.sensor for e in one.engine.events.values()}) == 1
    other = work()
    other.look(), other.read()
    assert not other.engine.events  # the file is finished


def test_a_restart_reads_what_is_unfinished_again(work, watched, recording):
    (watched / "a").write_bytes(pcap_bytes(recording[:200]))
    one, two = work(), work(quiet_s=0.0)
    one.look(), one.read()
    two = work(quiet_s=0.0)
    two.look(), two.read()
    assert one.engine.events.keys() < two.engine.events.keys()


def test_files_are_numbered_apart(work, watched, root, recording):
    (watched / "a").write_bytes(pcap_bytes(recording[:200]))
    (watched / "b").write_bytes((root / "examples" / "events.xml").read_bytes())
    one = work(quiet_s=0.0)
    one.look(), one.read()
    sensors = {s for s, _ in one.engine.events}
    assert sensors == {f"folder:{watched}"}
    assert {seq >> 27 for _, seq in one.engine.events} == {1, 2}
    assert one.engine.repeated == 0
    assert max(seq for _, seq in one.engine.events) < 1 << 48


def test_stopping_leaves_the_file_for_later(work, watched, recording, monkeypatch):
    monkeypatch.setattr(reader, "_BATCH", 10)
    (watched / "a").write_bytes(pcap_bytes(recording))
    whole = work(quiet_s=0.0)
    whole.stop_at = 3
    whole.look()
    with pytest.raises(Stopped):
        whole.read()
    seen = dict(whole.engine.events)
    assert seen
    again = work(quiet_s=0.0)
    again.look(), again.read()
    assert seen.keys() < again.engine.events.keys()


def test_an_error_of_the_engine_is_not_taken_for_one_of_a_decoder(
    work, watched, recording, monkeypatch
):
    monkeypatch.setattr(reader, "_BATCH", 1)
    (watched / "a").write_bytes(pcap_bytes(recording[:300]))
    one = work()
    one.engine.fails = RuntimeError("the disk is full")
    one.look()
    with pytest.raises(RuntimeError, match="the disk is full"):
        one.read()
    again = work(quiet_s=0.0)
    again.look(), again.read()
    assert len(again.engine.events) > 20


def test_unknown_files_are_told_once(work, watched, capsys):
    (watched / "README").write_text("hello")
    one = work()
    for _ in range(4):
        one.look()
    told = f"warning: {watched}/README: passed over: neither pcap nor pcapng: "
    assert capsys.readouterr().err.count(told) == 1


def test_damage_is_told_when_the_file_is_done(work, watched, recording, capsys):
    (watched / "a").write_bytes(pcap_bytes(recording[:200])[:-3])
    one = work()
    one.look(), one.read()
    assert capsys.readouterr().err == ""
    (watched / "a").unlink()
    one.look()
    assert "damaged at offset" in capsys.readouterr().err


def test_a_file_that_vanishes_between_looks(work, watched, recording, monkeypatch, capsys):
    (watched / "a").write_bytes(pcap_bytes(recording[:200]))
    one = work()
    one.look()

    def read_file(path, *_, **__):
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(reader, "read_file", read_file)
    one.read()
    assert capsys.readouterr().err == f"warning: {watched}/a: No such file or directory\n"


def test_breaths_are_taken_while_reading(work, watched, recording):
    (watched / "a").write_bytes(pcap_bytes(recording))
    one = work()
    one.look()
    began = time.monotonic()
    one.read()
    assert one.breaths > 3
    assert time.monotonic() - began < 60
