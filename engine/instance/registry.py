"""Sensors of an instance, as SQLite keeps them: who is enrolled, revoked, alive, and how it stands.

Several processes use it at once: what the command line changes, the engine sees at its next
question. Of keys and tokens only hashes are kept; they are random, so a plain hash suffices.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final

import msgspec

from sensor.delivery.sqlite import told_as
from sensor.delivery.versions import bring_forward

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sensor (
    name TEXT PRIMARY KEY, asked TEXT NOT NULL, enrolled INTEGER NOT NULL, certificate TEXT NOT NULL,
    token TEXT NOT NULL, revoked INTEGER, seen INTEGER, address TEXT NOT NULL DEFAULT '',
    release TEXT NOT NULL DEFAULT '', skew INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0, waiting_bytes INTEGER NOT NULL DEFAULT 0,
    following TEXT NOT NULL DEFAULT '', oldest INTEGER, events INTEGER NOT NULL DEFAULT 0,
    dropped TEXT NOT NULL DEFAULT '{}',
    unknown TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_SAMPLED: Final = "ALTER TABLE sensor ADD COLUMN sampled TEXT NOT NULL DEFAULT '{}'"
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789.-_"
_IDLE_DAYS: Final = 60


class RegistryError(Exception):
    """The registry cannot be used, or does not know what was asked; says why."""


class Sensor(msgspec.Struct, frozen=True):
    """A sensor. Times in microseconds; `skew`: its clock less the engine's at the last delivery;
    `waiting` batches of `waiting_bytes` on its disk, from `oldest` on; `dropped`, `unknown` and
    `sampled` (left out as ordinary) count events.
    """

    name: str
    asked: str
    enrolled: int
    certificate: str
    revoked: int | None = None
    seen: int | None = None
    address: str = ""
    release: str = ""
    skew: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    oldest: int | None = None
    events: int = 0
    dropped: dict[str, int] = {}
    unknown: dict[str, int] = {}
    sampled: dict[str, int] = {}


class Registry:
    """The registry in a file; several threads may use it. Raises RegistryError, as all it does."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with _told():
            # its owner's alone, and with it the files that SQLite puts beside it
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA busy_timeout=5000")
            bring_forward(self._db, [_SCHEMA, _SAMPLED])
        if not self._fact("created"):
            self._put("created", str(_now()))

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()

    # --- the access key ---------------------------------------------------------------------------

    def new_access_key(self) -> str:
        """Another key with which sensors enrol; the one before is worth nothing from now on."""
        key = secrets.token_urlsafe(32)
        self._put("access_key", _hash(key))
        return key

    def is_access_key(self, key: str) -> bool:
        """Whether sensors may enrol with it."""
        return hmac.compare_digest(_hash(key), self._fact("access_key"))

    # --- sensors ----------------------------------------------------------------------------------

    def free_name(self, asked: str) -> str:
        """A name that no sensor ever had, near the one that was asked for: events are numbered by
        sensor, so names are not given twice.
        """
        base = "".join(c if c in _ALPHABET else "-" for c in asked.lower())[:60].strip("-.")
        base = base or "sensor"
        taken = {sensor.name for sensor in self.sensors()}
        numbers = (f"{base}~{i}" for i in range(2, len(taken) + 3))
        return next(name for name in (base, *numbers) if name not in taken)

    def add(self, name: str, asked: str, certificate: str, address: str, release: str) -> str:
        """A sensor is enrolled with the certificate of this fingerprint; its token."""
        secret = secrets.token_urlsafe(32)
        with self._lock, _told():
            self._db.execute(
                "INSERT INTO sensor (name, asked, enrolled, certificate, token, address, release) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, asked[:200], _now(), certificate, _hash(secret), address, release[:40]),
            )
        return f"{name}.{secret}"

    def known_by(self, token: str, certificate: str) -> Sensor | None:
        """The sensor that both belong to, unless it is revoked."""
        name, _, secret = token.rpartition(".")
        row = self._row("SELECT * FROM sensor WHERE name = ? AND revoked IS NULL", name)
        if row is None:
            return None
        if not hmac.compare_digest(row["token"], _hash(secret)):
            return None
        if hmac.compare_digest(row["certificate"], certificate):
            return _sensor(row)
        if not row["following"] or not hmac.compare_digest(row["following"], certificate):
            return None
        with self._lock, _told():
            self._db.execute(
                "UPDATE sensor SET certificate = following, following = '' WHERE name = ?", (name,)
            )
        return _sensor(row)

    def renew(self, name: str, certificate: str) -> None:
        """A sensor gets another certificate; once it has shown that, the one before is worth
        nothing.
        """
        with self._lock, _told():
            self._db.execute("UPDATE sensor SET following = ? WHERE name = ?", (certificate, name))

    def revoke(self, name: str) -> None:
        """A sensor is none of ours any more; from its next question on it is refused."""
        with self._lock, _told():
            found = self._db.execute(
                "UPDATE sensor SET revoked = coalesce(revoked, ?) WHERE name = ? RETURNING name",
                (_now(), name),
            ).fetchall()
        if not found:
            raise RegistryError(f"there is no sensor `{name}`")

    def seen(self, sensor: Sensor) -> None:
        """How a sensor stands at its last delivery; its `events` and `unknown` are added."""
        with self._lock, _told():
            before = self._db.execute(
                "SELECT unknown FROM sensor WHERE name = ?", (sensor.name,)
            ).fetchone()
            unknown = msgspec.json.decode(before["unknown"], type=dict[str, int]) if before else {}
            for what, number in sensor.unknown.items():
                if what in unknown or len(unknown) < 200:
                    unknown[what] = unknown.get(what, 0) + number
            self._db.execute(
                "UPDATE sensor SET seen = ?, address = ?, release = ?, skew = ?, waiting = ?, "
                "waiting_bytes = ?, oldest = ?, events = events + ?, dropped = ?, unknown = ?, sampled = ? "
                "WHERE name = ?",
                (
                    _now(), sensor.address, sensor.release[:40], sensor.skew, sensor.waiting,
                    sensor.waiting_bytes, sensor.oldest, sensor.events, _json(sensor.dropped),
                    _json(unknown), _json(sensor.sampled), sensor.name,
                ),
            )  # fmt: skip

    def sensors(self) -> list[Sensor]:
        """All of them, by name."""
        with self._lock, _told():
            rows = self._db.execute("SELECT * FROM sensor ORDER BY name").fetchall()
        return [_sensor(row) for row in rows]

    def marked_for_deletion(self, now: int) -> bool:
        """No sensor has been there for 60 days."""
        signs = [s.seen or s.enrolled for s in self.sensors() if s.revoked is None]
        last = max([int(self._fact("created") or now), *signs])
        return now - last > _IDLE_DAYS * 86_400_000_000

    def _fact(self, key: str) -> str:
        row = self._row("SELECT value FROM fact WHERE key = ?", key)
        return "" if row is None else str(row["value"])

    def _put(self, key: str, value: str) -> None:
        with self._lock, _told():
            self._db.execute(
                "INSERT INTO fact VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def _row(self, query: str, value: str) -> sqlite3.Row | None:
        with self._lock, _told():
            rows = self._db.execute(query, (value,)).fetchall()
        return rows[0] if rows else None


def _sensor(row: sqlite3.Row) -> Sensor:
    values = {name: row[name] for name in Sensor.__struct_fields__}
    for name in ("dropped", "unknown", "sampled"):
        values[name] = msgspec.json.decode(values[name], type=dict[str, int])
    return msgspec.convert(values, Sensor)


def _told() -> AbstractContextManager[None]:
    return told_as(lambda why: RegistryError(f"the registry of sensors: {why}"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> int:
    return time.time_ns() // 1000


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
