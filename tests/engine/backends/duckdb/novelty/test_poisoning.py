"""What an attacker can teach the novelty model: little at once, nothing by alerts, nothing for ever."""

import pytest

from dsl.schema.kerberos import KerberosTgs
from engine.backends.duckdb.novelty.learned import CAP, Shape
from engine.backends.duckdb.novelty.model import NoveltyModel, scored
from engine.backends.duckdb.novelty.score import LEARNT
from engine.store import Store

HOUR = 3_600_000_000
DAY = 24 * HOUR
BEGIN = 20_454
OVER = 14
ROWS = """SELECT ts, tie, account AS actor, server AS resource, source AS v1, [id] AS ids
FROM kerberos_tgs WHERE ts >= $low AND ts <= $high"""


@pytest.fixture
def store():
    with_rows = Store()
    yield with_rows
    with_rows.close()


@pytest.fixture
def model():
    return NoveltyModel(
        Shape("m", OVER, ("server", "source"), host=1, budget=False), ROWS, ("kerberos_tgs",)
    )


def uses(store, what):
    """Store (day, account, server) as uses at noon, after an ordinary history of eight accounts."""
    usual = [(d, f"u{i}@corp.test", "files") for d in range(10) for i in range(8)]
    events = []
    for number, (day, account, server) in enumerate([*usual, *what], 1):
        event = KerberosTgs(
            ts=(BEGIN + day) * DAY + 12 * HOUR + number, sensor="s", domain="corp.test",
            account=account, source="ws1", server=server, primary=True,
        )  # fmt: skip
        event.id = event.seq = number
        events.append(event)
    store.append(events)
    return {e.server: e.id for e in events}


def told(store, model, day, server):
    """(surprise of the server in nats, days on which it was met) of u1's use of it on a day."""
    connection, day = store.connection, BEGIN + day
    model.read_at(connection, range(day, day + 1))
    bounds = {"low": day * DAY, "high": (day + 1) * DAY - 1}
    connection.execute(f"CREATE OR REPLACE TEMP TABLE r AS {ROWS}", bounds)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE a AS SELECT row_number() OVER () AS n, {day} AS day, * FROM r"
    )
    found = connection.execute(
        f"""SELECT nats0, days0 FROM ({scored(model.shape, "a", "r")})
        WHERE actor = 'u1@corp.test' AND resource = ?""",
        [server],
    ).fetchall()
    assert len(found) == 1
    return found[0]


def test_one_day_teaches_a_few_values(store, model):
    sweep = [f"s{i:02}" for i in range(CAP + 5)]
    uses(store, [(d, "u1@corp.test", s) for d in (10, 11) for s in sweep])
    known = [told(store, model, 11, s)[1] for s in sweep]
    assert known == [1] * CAP + [0] * 5


def test_one_new_server_a_day_is_not_usual_for_a_week(store, model):
    days = range(10, 10 + LEARNT + 2)
    uses(store, [(d, "u1@corp.test", "sql") for d in days])
    found = [told(store, model, d, "sql") for d in days]
    assert [days for _, days in found] == list(range(LEARNT + 2))
    surprise = [nats for nats, _ in found]
    assert all(0 < nats <= 1.1 * surprise[0] / (1 + met) for met, nats in enumerate(surprise[:-1]))
    assert surprise[-1] == 0


def test_what_is_not_used_any_more_is_new_again(store, model):
    used = [(d, "u1@corp.test", "sql") for d in (10, 11, 12)]
    later = [(d, "u1@corp.test", "files") for d in range(13, 12 + OVER)]
    uses(
        store,
        [*used, *later, (12 + OVER, "u1@corp.test", "sql"), (13 + OVER, "u1@corp.test", "sql")],
    )
    assert told(store, model, 12 + OVER, "sql")[1] == 1
    # by then only the use of the day before is known
    assert told(store, model, 13 + OVER, "sql")[1] == 1


def test_rows_of_alerts_teach_nothing(store, model):
    ids = uses(
        store,
        [(10, "u1@corp.test", s) for s in ("good", "bad")]
        + [(11, "u1@corp.test", s) for s in ("good", "bad")],
    )
    assert ids
    first = store.connection.execute(
        "SELECT id FROM kerberos_tgs WHERE server = 'bad' ORDER BY ts LIMIT 1"
    ).fetchall()[0][0]
    told(store, model, 10, "bad")
    for _ in range(2):  # a tick may compute a slice again
        model.withhold(store.connection, BEGIN + 10, [first])
    assert told(store, model, 11, "good")[1] == 1
    assert told(store, model, 11, "bad")[1] == 0
    held = store.connection.execute(
        f"SELECT count(*) FROM {model.shape.table('withheld')}"
    ).fetchall()
    assert held == [(1,)]


def test_what_an_alert_found_new_is_not_learnt_from_the_rest_of_its_day(store, model):
    """Who is told at night does the same by day, below the threshold, and again the next night."""
    uses(
        store,
        [(9, "u1@corp.test", "seen")]
        + [(10, "u1@corp.test", s) for s in ("bad", "bad", "seen", "seen")]
        + [(11, "u1@corp.test", s) for s in ("bad", "seen")],
    )  # fmt: skip
    first = "SELECT min(id) FROM kerberos_tgs WHERE server = ? AND ts >= ?"
    at = (BEGIN + 10) * DAY
    held = [store.connection.execute(first, [s, at]).fetchall()[0][0] for s in ("bad", "seen")]
    model.withhold(store.connection, BEGIN + 10, held)
    assert told(store, model, 11, "bad")[1] == 0
    assert told(store, model, 11, "seen")[1] == 2


def test_rows_of_alerts_teach_no_hour(store, model):
    uses(store, [(10, "u1@corp.test", "good"), (11, "u1@corp.test", "good")])
    told(store, model, 10, "good")
    ((row,),) = store.connection.execute(
        "SELECT id FROM kerberos_tgs WHERE server = 'good' ORDER BY ts LIMIT 1"
    ).fetchall()
    model.withhold(store.connection, BEGIN + 10, [row])
    told(store, model, 11, "good")
    hours = store.connection.execute(
        f"SELECT count(*) FROM {model.shape.table('hour')} WHERE day = {BEGIN + 10}"
    ).fetchall()
    assert hours == [(0,)]


def test_an_event_that_comes_after_its_day_was_closed_teaches_nothing(store, model):
    uses(store, [(d, "u1@corp.test", "files") for d in (10, 11, 12)])
    told(store, model, 11, "files")
    late = KerberosTgs(
        ts=(BEGIN + 10) * DAY + 13 * HOUR, sensor="s", domain="corp.test",
        account="u1@corp.test", source="ws1", server="sql", primary=True,
    )  # fmt: skip
    today = KerberosTgs(
        ts=(BEGIN + 12) * DAY + 13 * HOUR, sensor="s", domain="corp.test",
        account="u1@corp.test", source="ws1", server="sql", primary=True,
    )  # fmt: skip
    late.id = late.seq = 1001
    today.id = today.seq = 1002
    store.append([late, today])
    assert told(store, model, 12, "sql")[1] == 0


def test_a_long_silence_costs_nothing(store, model):
    """A clock that was wrong for one event must not make the model close every day since."""
    early = KerberosTgs(
        ts=5, sensor="s", domain="corp.test", account="u9@corp.test", source="ws1", server="x",
        primary=True,
    )  # fmt: skip
    early.id = early.seq = 5000
    store.append([early])
    uses(store, [(10, "u1@corp.test", "sql")])
    assert told(store, model, 10, "sql")[1] == 0
    closed = store.connection.execute(
        f"SELECT count(*) FROM {model.shape.table('closed')}"
    ).fetchall()
    assert closed == [(11,)]
