"""The desk with many alerts: what a list and a count read, and that they say the same however they do."""

import sqlite3

import pytest

from engine.sinks.trial import trial
from engine.store import desk as module
from engine.store.desk import Desk, Filter


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "desk")

    def alerts():
        for number in range(1, 61):
            told = trial(1_700_000_000_000_000 + number, "ann") | {
                "number": number, "id": f"a{number}", "detection": f"d{number % 3}",
                "severity": ("low", "high")[number % 2], "status": ("open", "closed")[number % 5 > 0],
                "last_seen": f"2026-01-01T00:{number % 60:02}:00.000000Z",
                "roles": {"source": f"ws{number % 7}", "target": "dc1"},
            }  # fmt: skip
            yield told, b""

    with made.transaction():
        made.put(alerts(), 0)
    yield made
    made.close()


FILTERS = [
    Filter(entity="dc1"), Filter(entity="ws3"), Filter(entity="dc1", status=("open",)),
    Filter(entity="dc1", severity=("high",), detection=("d1",), since="2026-01-01T00:20"),
]  # fmt: skip


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_an_entity_of_many_alerts_is_found_as_one_of_few(desk, monkeypatch, wanted):
    few = desk.numbers(wanted), desk.page(wanted, 9), desk.tally(wanted)
    monkeypatch.setattr(module, "_MANY", 1)
    assert (desk.numbers(wanted), desk.page(wanted, 9), desk.tally(wanted)) == few
    assert 0 < len(few[0]) <= 60
    after = few[1][3][0]
    rest = desk.page(wanted, 60, (after["last_seen"], after["number"]))
    assert [s["number"] for s, _ in rest] == few[0][4:]


@pytest.mark.parametrize(
    "wanted", [Filter(), Filter(status=("closed",)), Filter(severity=("low",))]
)
def test_counting_and_seeking_read_no_rows(desk, wanted):
    """Rows hold all that is told of an alert: reading them for a count took a second of 10^5 alerts."""
    asked = []
    desk.connection.set_trace_callback(asked.append)
    desk.tally(wanted)
    desk.page(wanted, 5)
    desk.connection.set_trace_callback(None)
    count, page = (
        [row[3] for row in desk.connection.execute(f"EXPLAIN QUERY PLAN {q}")] for q in asked
    )
    assert "COVERING INDEX alert_standing" in count[0]
    assert "INDEX alert_order" in page[0]
    assert not any("ORDER BY" in step for step in page)


def test_a_desk_of_an_older_release_gets_its_indices(tmp_path):
    Desk(tmp_path / "old").close()
    with sqlite3.connect(tmp_path / "old") as db:
        db.executescript(
            "DROP INDEX alert_order; DROP INDEX alert_standing; PRAGMA user_version = 3"
        )
    db.close()
    opened = Desk(tmp_path / "old")
    found = opened.connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    assert {"alert_order", "alert_standing"} <= {name for (name,) in found}
    opened.close()
