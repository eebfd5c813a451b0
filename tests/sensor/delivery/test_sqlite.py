"""Transactions end whatever happens in them."""

import sqlite3

import pytest

from sensor.delivery.sqlite import told_as, transaction


@pytest.fixture
def connection():
    found = sqlite3.connect(":memory:", isolation_level=None)
    found.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
    yield found
    found.close()


def _count(connection):
    return connection.execute("SELECT count(*) FROM t").fetchone()[0]


def test_all_or_nothing(connection):
    with transaction(connection):
        connection.execute("INSERT INTO t (n) VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError), transaction(connection):
        connection.executemany("INSERT INTO t (n) VALUES (?)", [(2,), (1,)])
    assert _count(connection) == 1
    assert not connection.in_transaction


def test_a_full_disk_is_told_as_one(connection):
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError, match="full"), transaction(connection):
        connection.execute("INSERT INTO t (b) VALUES (zeroblob(100000))")
    assert not connection.in_transaction
    with transaction(connection):
        connection.execute("INSERT INTO t (n) VALUES (1)")


def test_a_commit_that_fails_leaves_no_transaction_open(connection):
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("CREATE TABLE u (n REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), transaction(connection):
        connection.execute("INSERT INTO u VALUES (7)")
    with transaction(connection):
        connection.execute("INSERT INTO t (n) VALUES (1)")
    assert connection.execute("SELECT count(*) FROM u").fetchone() == (0,)


def test_complaints_are_ours():
    with pytest.raises(ValueError, match="no such table"), told_as(ValueError):
        sqlite3.connect(":memory:").execute("SELECT * FROM nowhere")
    with pytest.raises(ValueError, match="^No such file or directory$"), told_as(ValueError):
        open("/nowhere/at/all")  # noqa: SIM115
