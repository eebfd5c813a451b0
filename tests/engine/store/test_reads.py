"""Reading beside the owner: bounded in time and memory, and never in its way."""

import threading
import time

import pytest

from dsl.schema.dns import DnsQuery
from engine.store import Store
from engine.store.reads import BusyError, TooLargeError, TooSlowError, reads_of

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1"
LARGE = "SELECT count(*) FROM (SELECT DISTINCT range, hash(range) FROM range(100000000))"


@pytest.fixture(params=["file", "memory"])
def store(tmp_path, request):
    one = Store(tmp_path / "a.duckdb" if request.param == "file" else None)
    one.append([DnsQuery(ts=i, id=i, sensor="s", seq=i) for i in range(10)])
    yield one
    one.close()


@pytest.fixture
def reads(store):
    one = reads_of(store, 2)
    yield one
    one.close()


def count(reads, **kw):
    with reads.reading(**kw) as cursor:
        return cursor.execute("SELECT count(*) FROM dns_query").fetchall()[0][0]


def test_it_reads_what_the_owner_has_committed(store, reads):
    assert count(reads) == 10
    store.append([DnsQuery(ts=11, id=11, sensor="s", seq=11)])
    assert count(reads) == 11


def test_what_takes_too_long_is_interrupted_and_the_cursor_is_as_new(reads):
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(TooSlowError, match=r"0\.1 s"), reads.reading(0.1) as cursor:
            cursor.execute(ENDLESS).fetchall()
        assert time.monotonic() - began < 5
    assert count(reads) == 10


def test_what_takes_too_much_memory_is_interrupted(reads):
    with pytest.raises(TooLargeError, match="8 MB"), reads.reading(60, memory=8 << 20) as cursor:
        cursor.execute(LARGE).fetchall()
    assert count(reads, memory=8 << 20) == 10


def test_the_owner_goes_on_meanwhile(store, reads):
    begun = threading.Event()

    def read():
        with pytest.raises(TooSlowError), reads.reading(3) as cursor:  # noqa: PT012
            begun.set()
            cursor.execute(ENDLESS).fetchall()

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait()
    time.sleep(0.1)
    store.append([DnsQuery(ts=11, id=11, sensor="s", seq=11)])
    assert store.delete_before("dns_query", 5) == 5
    store.checkpoint()
    assert thread.is_alive()
    thread.join()


def test_all_cursors_in_use(reads, monkeypatch):
    monkeypatch.setattr("engine.store.reads._PATIENCE_S", 0.05)
    with reads.reading(), reads.reading(), pytest.raises(BusyError), reads.reading():
        pass


def test_a_store_that_is_closed(store):
    reads = reads_of(store, 1)
    reads.close()
    with pytest.raises(BusyError):
        count(reads)
