"""The spool: what was taken is there after a crash; beyond its caps the oldest go, counted."""

import os
import sqlite3
import subprocess
import sys

import pytest

from sensor.delivery.spool import Packed, Spool, SpoolError

GB = 1 << 30


def packed(size=100, ts=1, **counts):
    return Packed(os.urandom(size), counts or {"dns_query": 2}, ts, ts + 5)


@pytest.fixture
def make(tmp_path):
    made = []

    def start(most_bytes=GB, most_age_s=1e6):
        made.append(Spool(tmp_path / "spool.sqlite", most_bytes, most_age_s))
        return made[-1]

    yield start
    for spool in made:
        spool.close()


def test_in_and_out(make):
    spool = make()
    batches = [packed(ts=i) for i in (30, 10, 20)]
    for i, batch in enumerate(batches):
        spool.append(batch, {"last/a": str(i)})
    assert spool.waiting() == (3, 300, 10)
    assert [body for _, body in spool.first(GB, 10)] == [b.body for b in batches]
    assert len(spool.first(250, 10)) == 2
    assert len(spool.first(1, 10)) == 1
    first, second = spool.first(GB, 2)
    spool.done([first[0], second[0], 99])
    assert spool.waiting() == (1, 100, 20)
    assert spool.states("last/") == {"a": "2"}
    again = make()
    assert again.waiting() == (1, 100, 20)
    again.append(packed(), {})
    # a number is never given twice, whatever was delivered before
    assert [n for n, _ in again.first(GB, 9)] == [3, 4]


def test_only_its_owner_may_read_it(make, tmp_path):
    make().append(packed(), {})
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}


def test_the_oldest_go_and_are_counted(make):
    spool = make(most_bytes=350)
    for ts in range(5):
        spool.append(packed(ts=ts, dns_query=2, kerberos_as=ts), {})
    assert [n for n, _ in spool.first(GB, 9)] == [3, 4, 5]
    assert spool.waiting().bytes == 300
    assert spool.dropped() == {"dns_query": 4, "kerberos_as": 1}
    assert spool.take_gaps() == []  # not before there is room again
    spool.done([4, 5])
    gaps = {g.type: g for g in spool.take_gaps()}
    assert gaps["dns_query"] == ("dns_query", 4, 0, 6)
    spool.append(None, spool.gaps_told())
    assert spool.take_gaps() == []
    assert spool.dropped() == {"dns_query": 4, "kerberos_as": 1}


def test_what_is_too_old_goes(make, monkeypatch):
    spool = make(most_age_s=10)
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    spool.append(packed(), {})
    monkeypatch.setattr("time.time_ns", lambda: 10_500_000_000)
    spool.append(packed(), {})
    assert spool.waiting().batches == 2
    monkeypatch.setattr("time.time_ns", lambda: 12_000_000_000)
    spool.append(packed(), {})
    assert [n for n, _ in spool.first(GB, 9)] == [2, 3]


def test_a_batch_and_its_state_or_neither(make):
    spool = make()
    with pytest.raises(SpoolError):
        spool.append(packed(), {"last/a": None})
    assert spool.waiting() == (0, 0, None)
    assert spool.states("") == {}
    spool.append(packed(), {"last/a": "1"})
    assert spool.waiting().batches == 1


def test_killed_after_append(make, tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from sensor.delivery.spool import *\n"
        "spool = Spool(Path(sys.argv[1]), 1 << 30, 1e6)\n"
        "spool.append(Packed(b'x' * 10, {'dns_query': 1}, 1, 2), {'a': 'b'})\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "spool.sqlite"], check=False)
    assert done.returncode == -9
    assert make().waiting() == (1, 10, 1)


def test_what_is_no_spool(tmp_path):
    (tmp_path / "x").write_bytes(b"no database" * 100)
    with pytest.raises(SpoolError):
        Spool(tmp_path / "x", GB, 1)
    assert sqlite3.Error not in SpoolError.__mro__
