"""What people see of alerts and decide about them while the daemon runs: SQLite beside the database.

DuckDB gives its file to one process. So the daemon copies each alert here as it stands, people read it
here, and what they decide is appended to `audit`, from which the daemon takes it up: one road, whether
it runs or not. `audit` can only grow (but for `trim`); the triggers refuse anything else. Any number of processes.
"""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from engine.event_json import json_line
from engine.lifecycle import ENGINE, Decision, Standing, decided
from engine.store.health import TABLE as HEALTH
from engine.store.requests import TABLE as REQUESTS
from engine.store.schedules import TABLE as SCHEDULES
from sensor.delivery.sqlite import transaction
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.alert_records import Verdict
    from engine.lifecycle import Action

_STAYS: Final = """
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
"""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS desk (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, detection TEXT NOT NULL, severity TEXT NOT NULL,
    status TEXT NOT NULL, verdict TEXT, assignee TEXT, first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL, told TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, who TEXT NOT NULL,
    action TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL, id TEXT NOT NULL,
    verdict TEXT, assignee TEXT, note TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_object ON audit (kind, object);
CREATE TRIGGER IF NOT EXISTS audit_is_written_once BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
"""
_ENTITIES: Final = """
CREATE TABLE IF NOT EXISTS entity (
    name TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (name, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entity_number ON entity (number);
CREATE INDEX IF NOT EXISTS alert_last_seen ON alert (last_seen, number);
CREATE TRIGGER IF NOT EXISTS alert_is_gone AFTER DELETE ON alert
    BEGIN DELETE FROM entity WHERE number = OLD.number; END;
"""
_ORDER: Final = """
DROP INDEX IF EXISTS alert_last_seen;
CREATE INDEX IF NOT EXISTS alert_order ON alert (
    last_seen, number, status, severity, detection, assignee, first_seen);
CREATE INDEX IF NOT EXISTS alert_standing ON alert (
    detection, severity, status, verdict, last_seen, assignee, first_seen);
"""
"""Filters and counts read these alone: rows are long, as they hold all that is told of an alert."""
_MANY: Final = 1_000
"""Alerts of an entity, beyond which they are not looked up one by one."""
_PATIENCE_S: Final = 10.0


class Entry(NamedTuple):
    """A line of the audit log: `who` did `action` at `ts` (microseconds) to the `object` of a kind
    (`alert` 6). `before`, `after`: how it stood, as JSON objects.
    """

    seq: int
    ts: int
    who: str
    action: str
    kind: str
    object: str
    id: str
    verdict: Verdict | None
    assignee: str | None
    note: str
    before: str
    after: str


class Filter(msgspec.Struct, frozen=True):
    """Which alerts: empty means any. `since`, `until`: ISO times of the newest sign. `entity`: the
    name of what takes part, in any role.
    """

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    detection: tuple[str, ...] = ()
    assignee: str | None = None
    since: str | None = None
    until: str | None = None
    entity: str | None = None


class Desk:
    """The file; for one thread."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open or create; `read_only`: a file that is there. Raises sqlite3.Error."""
        if read_only:
            self._connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None,
                timeout=_PATIENCE_S,
            )  # fmt: skip
            return
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        # what was deleted must not be found in free pages
        self._connection.execute("PRAGMA secure_delete = ON")
        steps = [_TABLES + _STAYS + HEALTH, REQUESTS, _ENTITIES, _ORDER, SCHEDULES]
        bring_forward(self._connection, steps)
        self._connection.execute(
            "INSERT OR IGNORE INTO desk VALUES ('identity', ?)", (uuid.uuid4().hex,)
        )
        if self.value("entities") is None:  # a file of an earlier release
            with self.transaction():
                told = self._connection.execute("SELECT told FROM alert").fetchall()
                for (text,) in told:
                    self._put_entities(msgspec.json.decode(text))
                self.note("entities", "1")

    @property
    def connection(self) -> sqlite3.Connection:
        """For what else lies at the desk (`engine.store.health`)."""
        return self._connection

    @property
    def identity(self) -> str:
        """What tells this file from another one that lay in its place."""
        return self.value("identity") or ""

    def value(self, key: str) -> str | None:
        """What was noted under a key."""
        row = self._connection.execute("SELECT value FROM desk WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def note(self, key: str, value: str) -> None:
        """Note something under a key."""
        self._connection.execute("INSERT OR REPLACE INTO desk VALUES (?, ?)", (key, value))

    def transaction(self) -> AbstractContextManager[None]:
        """All of what is done inside, or nothing."""
        return transaction(self._connection)

    # --- alerts -----------------------------------------------------------------------------------

    def put(self, alerts: Iterable[tuple[Mapping[str, object], bytes]], applied: int) -> None:
        """Alerts (as `report.alert_dict`, and packed) as the engine has them, which knows decisions up
        to `applied`: later ones stand against what it says.
        """
        for told, record in alerts:
            number = int(str(told["number"]))
            if told["status"] == "deleted":
                self._connection.execute("DELETE FROM alert WHERE number = ?", (number,))
                continue
            self._connection.execute(
                "INSERT INTO alert VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?) "
                "ON CONFLICT (number) DO UPDATE SET id = excluded.id, severity = excluded.severity, "
                "first_seen = excluded.first_seen, last_seen = excluded.last_seen, "
                "told = excluded.told, record = excluded.record",
                (
                    number, told["id"], told["detection"], told["severity"], told["status"],
                    told["verdict"], told["first_seen"], told["last_seen"],
                    json_line(told).decode(), record,
                ),
            )  # fmt: skip
            self._put_entities(told)
            if not self._waits(number, applied):
                self._connection.execute(
                    "UPDATE alert SET status = ?, verdict = ? WHERE number = ?",
                    (told["status"], told["verdict"], number),
                )

    def _put_entities(self, told: Mapping[str, object]) -> None:
        number = int(str(told["number"]))
        self._connection.execute("DELETE FROM entity WHERE number = ?", (number,))
        self._connection.executemany(
            "INSERT INTO entity VALUES (?, ?)", ((name, number) for name in _entities(told))
        )

    def clear(self) -> None:
        """Forget all alerts, to be told them anew; the audit log stays."""
        self._connection.execute("DELETE FROM alert")

    def _waits(self, number: int, applied: int) -> bool:
        marks = ", ".join("?" * len(ENGINE))
        query = f"SELECT 1 FROM audit WHERE kind = 'alert' AND object = ? AND seq > ? AND action IN ({marks})"  # noqa: S608
        found = self._connection.execute(query, (str(number), applied, *sorted(ENGINE)))
        return found.fetchone() is not None

    def numbers(self, wanted: Filter) -> list[int]:
        """Numbers of the alerts that a filter lets through, newest first."""
        clauses, values = self._clauses(wanted)
        query = f"SELECT number FROM alert {clauses} ORDER BY last_seen DESC, number DESC"  # noqa: S608  # names of this module
        return [number for (number,) in self._connection.execute(query, values)]

    def page(
        self, wanted: Filter, most: int, after: tuple[str, int] | None = None
    ) -> list[tuple[dict[str, object], str]]:
        """(how it stands, what is told of it as JSON) of the newest alerts that a filter lets through,
        behind the one that was last seen then and has this number.
        """
        clauses, values = self._clauses(wanted)
        given: list[str | int] = [*values]
        if after is not None:
            clauses += f"{' AND' if clauses else 'WHERE'} (last_seen, number) < (?, ?)"
            given += after
        # in order of time the page ends soon; by detection SQLite would sort all of its alerts, long rows
        order = "" if wanted.entity is not None else "INDEXED BY alert_order"
        query = (
            f"SELECT number, last_seen, status, verdict, assignee, told FROM alert {order} {clauses} "  # noqa: S608  # names of this module
            "ORDER BY last_seen DESC, number DESC LIMIT ?"
        )
        names = ("number", "last_seen", "status", "verdict", "assignee")
        rows = self._connection.execute(query, [*given, most])
        return [(dict(zip(names, row, strict=True)), told) for *row, told in rows]

    def tally(self, wanted: Filter) -> list[tuple[str, str, str, str | None, int, str]]:
        """(detection, severity, status, verdict, number of alerts, ISO time of the newest sign)."""
        clauses, values = self._clauses(wanted)
        query = (
            "SELECT detection, severity, status, verdict, count(*), max(last_seen) FROM alert "  # noqa: S608  # names of this module
            f"{clauses} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        return self._connection.execute(query, values).fetchall()

    def entities(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """(name, number of alerts) of entities whose name begins so."""
        return self._connection.execute(
            "SELECT name, count(*) FROM entity WHERE name >= ? AND name < ? "
            "GROUP BY name ORDER BY name LIMIT ?",
            (prefix, prefix + "\U0010ffff", most),
        ).fetchall()

    def count(self) -> int:
        """How many alerts there are."""
        return int(self._connection.execute("SELECT count(*) FROM alert").fetchone()[0])

    def alert(self, number: int) -> dict[str, object] | None:
        """An alert as `report.alert_dict` tells it, with how it stands now and its `assignee`."""
        row = self._connection.execute(
            "SELECT told, status, verdict, assignee FROM alert WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            return None
        told: dict[str, object] = msgspec.json.decode(row[0])
        return told | {"status": row[1], "verdict": row[2], "assignee": row[3]}

    def records(self, detection: str) -> list[bytes]:
        """The packed records of a detection's alerts."""
        rows = self._connection.execute(
            "SELECT record FROM alert WHERE detection = ? ORDER BY number", (detection,)
        )
        return [record for (record,) in rows]

    def _clauses(self, wanted: Filter) -> tuple[str, list[str]]:
        clauses: list[str] = []
        values: list[str] = []

        def any_of(column: str, words: Sequence[str]) -> None:
            if words:
                clauses.append(f"{column} IN ({', '.join('?' * len(words))})")
                values.extend(words)

        any_of("status", wanted.status)
        any_of("severity", wanted.severity)
        any_of("detection", wanted.detection)
        for clause, value in (
            ("assignee = ?", wanted.assignee),
            ("last_seen >= ?", wanted.since),
            ("first_seen <= ?", wanted.until),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        if wanted.entity is not None:
            found = self._connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM entity WHERE name = ? LIMIT ?)",
                (wanted.entity, _MANY),
            ).fetchone()
            plus = "" if found[0] < _MANY else "+"  # SQLite does not go by row numbers then
            clauses.append(f"{plus}number IN (SELECT number FROM entity WHERE name = ?)")  # noqa: S608  # of this module
            values.append(wanted.entity)
        return ("WHERE " + " AND ".join(clauses) if clauses else ""), values

    # --- decisions --------------------------------------------------------------------------------

    def decide(
        self,
        number: int,
        action: Action,
        who: str,
        now: int,
        *,
        verdict: Verdict | None = None,
        assignee: str | None = None,
        note: str = "",
    ) -> Standing | None:
        """Decide about an alert; how it stands then, None where there is none of that number.

        Raises `lifecycle.RefusedError` where its state allows no such thing.
        """
        with self.transaction():
            row = self._connection.execute(
                "SELECT id, status, verdict, assignee FROM alert WHERE number = ?", (number,)
            ).fetchone()
            if row is None:
                return None
            before = Standing(*row[1:])
            after = decided(before, action, verdict=verdict, assignee=assignee)
            self.log(
                now, who, action, "alert", str(number), before, after,
                id_=row[0], verdict=verdict, assignee=assignee, note=note,
            )  # fmt: skip
            if after.status == "deleted":
                self._connection.execute("DELETE FROM alert WHERE number = ?", (number,))
            else:
                self._connection.execute(
                    "UPDATE alert SET status = ?, verdict = ?, assignee = ? WHERE number = ?",
                    (after.status, after.verdict, after.assignee, number),
                )
        return after

    def log(
        self,
        now: int,
        who: str,
        action: str,
        kind: str,
        name: str,
        before: object,
        after: object,
        *,
        id_: str = "",
        verdict: str | None = None,
        assignee: str | None = None,
        note: str = "",
    ) -> None:
        """Append a line to the audit log, inside the caller's transaction."""
        self._connection.execute(
            "INSERT INTO audit (ts, who, action, kind, object, id, verdict, assignee, note, before, "
            "after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                now, who, action, kind, name, id_, verdict, assignee, note,
                msgspec.json.encode(before).decode(), msgspec.json.encode(after).decode(),
            ),
        )  # fmt: skip

    def decisions(self, after: int) -> list[Decision]:
        """Decisions about alerts that came after a number, in order."""
        rows = self._connection.execute(
            "SELECT seq, ts, who, action, object, id, verdict, assignee, note FROM audit "
            "WHERE kind = 'alert' AND seq > ? ORDER BY seq",
            (after,),
        )
        return [
            Decision(
                seq=seq, ts=ts, who=who, action=action, number=int(number), id=id_,
                verdict=verdict, assignee=assignee, note=note,
            )
            for seq, ts, who, action, number, id_, verdict, assignee, note in rows
        ]  # fmt: skip

    def latest(self) -> int:
        """The number of the last line of the audit log, 0 where it is empty."""
        return int(self._connection.execute("SELECT max(seq) FROM audit").fetchone()[0] or 0)

    def trim(self, before: int, now: int) -> int:
        """Drop lines of the audit log from before a time, and say so in it; how many they were. The one
        way in which it shrinks: how long it is kept is people's choice.
        """
        with self.transaction():
            self._connection.execute("DROP TRIGGER audit_stays")
            gone = self._connection.execute("DELETE FROM audit WHERE ts < ?", (before,)).rowcount
            self._connection.execute(_STAYS)
            if gone:
                after = {"lines": gone, "before": before}
                self.log(now, "atp-run", "trim", "audit", "audit", {}, after)
        return gone

    def oldest(self) -> int | None:
        """When the first line of the audit log was written; None where it is empty."""
        row = self._connection.execute("SELECT min(ts) FROM audit").fetchone()
        return None if row[0] is None else int(row[0])

    def audit(
        self, begin: int | None = None, end: int | None = None, alert: int | None = None
    ) -> Iterator[Entry]:
        """Lines of the audit log in order: with `ts` in [begin, end], of one alert."""
        rows = self._connection.execute(
            "SELECT seq, ts, who, action, kind, object, id, verdict, assignee, note, before, after "
            "FROM audit WHERE ts >= ? AND ts <= ? AND (? IS NULL OR (kind = 'alert' AND object = ?)) "
            "ORDER BY seq",
            (begin or 0, 2**63 - 1 if end is None else end, alert, str(alert)),
        )
        return (Entry(*row) for row in rows)

    def audit_page(self, most: int, before: int | None = None) -> list[Entry]:
        """The last lines of the audit log, or the last of those before a number; newest first."""
        rows = self._connection.execute(
            "SELECT seq, ts, who, action, kind, object, id, verdict, assignee, note, before, after "
            "FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
            (2**63 - 1 if before is None else before, most),
        )
        return [Entry(*row) for row in rows]

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


def beside(database: Path) -> Path:
    """Where the desk of a database lies."""
    return database.with_name(f"{database.name}.desk")


def _entities(told: Mapping[str, object]) -> set[str]:
    """Names of what takes part in an alert, in lower case as entities are."""
    found: set[str] = set()
    for roles in (told.get("roles"), told.get("varied")):
        for value in roles.values() if isinstance(roles, dict) else ():
            values = value if isinstance(value, list) else [value]
            found.update(v.lower() for v in values if isinstance(v, str) and v)
    return found
