"""Issues of health at the desk: how each stands, for people and over restarts.

Functions over a `Desk`; what people decide stands in its audit log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.health.life import Standing, decided

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from engine.health.life import Action
    from engine.store.desk import Desk

MAP: Final = "map"
"""The desk's note of the map of blindness (`engine.blindness.BlindMap`, JSON)."""
TABLE: Final = """
CREATE TABLE IF NOT EXISTS health (
    name TEXT NOT NULL, subject TEXT NOT NULL, standing TEXT NOT NULL, PRIMARY KEY (name, subject))
    WITHOUT ROWID;
"""


def standings(desk: Desk) -> dict[tuple[str, str], Standing]:
    """Every issue that ever was, by check and subject."""
    rows = desk.connection.execute("SELECT name, subject, standing FROM health").fetchall()
    return {(n, s): msgspec.json.decode(text, type=Standing) for n, s, text in rows}


def put(desk: Desk, changed: Iterable[Standing]) -> None:
    """Note how issues stand, inside the caller's transaction."""
    desk.connection.executemany(
        "INSERT OR REPLACE INTO health VALUES (?, ?, ?)",
        [(s.issue.check, s.issue.subject, msgspec.json.encode(s).decode()) for s in changed],
    )


def decide(
    desk: Desk, check: str, subject: str, action: Action, who: str, now: int, note: str = ""
) -> Standing | None:
    """Decide about an issue; how it stands then, None where there is none.

    Raises `lifecycle.RefusedError` where its state allows no such thing.
    """
    with desk.transaction():
        before = standings(desk).get((check, subject))
        if before is None:
            return None
        after = decided(before, action)
        put(desk, [after])
        plain = {"status": before.status}, {"status": after.status}
        desk.log(now, who, action, "health", f"{check} {subject}", *plain, note=note)
    return after


def reports(
    connection: duckdb.DuckDBPyConnection, low: int, high: int
) -> list[tuple[str, str, str, int]]:
    """(sensor, kind, activity, lost) of what sensors said of themselves with ts in (low, high]."""
    rows = connection.execute(
        "SELECT coalesce(sensor, ''), kind, coalesce(activity, ''), sum(coalesce(lost, 0))::BIGINT "
        "FROM sensor_health WHERE ts > ? AND ts <= ? AND kind <> 'heartbeat' GROUP BY ALL ORDER BY ALL",
        [low, high],
    ).fetchall()
    return [(str(s), str(k), str(a), int(n)) for s, k, a, n in rows]
