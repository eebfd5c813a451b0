"""The store: events in near time order, directory, lists and coverage in one DuckDB database.

It appends, deletes the oldest and hands events back; it knows no detection and resolves no name.
A connection serves one thread: others take `cursor()`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from dsl.schema.registry import event_type, event_types
from engine.store import events as stored
from engine.store import facts, withheld
from engine.store.columns import table_of
from engine.store.database import open_file, open_memory
from engine.store.parsed import run
from engine.store.parts import Parts
from engine.store.past import open_past

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from engine.entities_rows import DirectoryRows


class Store:
    """Events and what is known about the domain, in memory (`path` None) or in a file.

    `connection` is the owner's DuckDB connection; `engine.backends` speaks SQL to it.
    """

    def __init__(self, path: Path | None = None, *, until: int | None = None) -> None:
        """`until`: a file is read only, as it was at that time (microseconds)."""
        if path is None:
            self._database = open_memory()
        else:
            self._database = open_file(path) if until is None else open_past(path, until)
        self._path = path
        self._parts: Parts | None = None
        self._beside: duckdb.DuckDBPyConnection | None = None
        self.connection: duckdb.DuckDBPyConnection = self._database.connection

    @property
    def parts(self) -> Parts:
        """What profiles have learnt, in a file beside the store's or in memory as it is."""
        if self._parts is None:
            beside = (
                None if self._path is None else self._path.with_name(f"{self._path.name}.learnt")
            )
            self._parts = Parts(beside)
        return self._parts

    def append(
        self,
        events: Sequence[Event],
        state: Mapping[str, str] | None = None,
        directory: DirectoryRows | None = None,
        changed: Sequence[Event] = (),
    ) -> None:
        """Store events (ids and stamps given by ingest), rows of `state` and what the directory
        learnt from them; `changed` are stored events that are other than they were. All or nothing.
        """
        by_type: dict[str, list[Event]] = {}
        for event in events:
            by_type.setdefault(event_type(event), []).append(event)
        tables = {n: table_of(event_types()[n], group) for n, group in by_type.items()}
        self.connection.begin()
        try:
            for name, table in tables.items():
                columns = ", ".join(f'"{c}"' for c in table.column_names)
                self.connection.register("arriving", table)
                self.connection.execute(
                    f'INSERT INTO "{name}" ({columns}) SELECT * FROM arriving'  # noqa: S608  # names of the schema
                )
                self.connection.unregister("arriving")
            facts.put_state(self.connection, state or {})
            if directory is not None:
                facts.put_directory(self.connection, directory)
            self._change(changed)
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()

    def _change(self, events: Sequence[Event]) -> None:
        """Rewrite stored events, found by their ids."""
        by_type: dict[str, dict[int | None, Event]] = {}
        for event in events:
            by_type.setdefault(event_type(event), {})[event.id] = event
        for name, group in by_type.items():
            table = table_of(event_types()[name], list(group.values()))
            times = [event.ts for event in group.values()]
            values = ", ".join(f'"{c}" = changed."{c}"' for c in table.column_names if c != "id")
            self.connection.register("changed", table)
            self.connection.execute(
                f'UPDATE "{name}" SET {values} FROM changed WHERE "{name}".id = changed.id '  # noqa: S608  # names of the schema
                f'AND "{name}".ts BETWEEN ? AND ?',
                [min(times), max(times)],
            )
            self.connection.unregister("changed")

    def state(self, key: str) -> str | None:
        """The value last stored with events under this key."""
        row = self._row("SELECT value FROM state WHERE key = ?", [key])
        return None if row is None else str(row[0])

    def states(self, prefix: str) -> dict[str, str]:
        """All values of state whose key begins with a prefix, by the rest of the key."""
        return facts.states(self.connection, prefix)

    def delete_before(self, event: str, ts: int) -> int:
        """Delete events of a type older than `ts` (microseconds); how many there were."""
        row = self._row(
            f'DELETE FROM "{_known(event)}" WHERE ts < ?',  # noqa: S608  # a name of the schema
            [ts],
        )
        return int(str(row[0])) if row else 0

    def delete_sent(self, event: str, sensor: str, seqs: Iterable[int]) -> list[int]:
        """Delete events by sensor and seq (the engine's own, to be written anew); their `ts`."""
        rows = self.connection.execute(
            f'DELETE FROM "{_known(event)}" '  # noqa: S608  # a name of the schema
            "WHERE sensor = ? AND list_contains(?::BIGINT[], seq) RETURNING ts",
            [sensor, list(seqs)],
        ).fetchall()
        return [int(ts) for (ts,) in rows]

    def events(self, ids: Iterable[int], types: Iterable[str] | None = None) -> list[Event]:
        """The stored events with these ids, in order; `types` spares looking into every table."""
        return stored.events(self.connection, ids, types)

    def latest(self, event: str, most: int, span: int) -> list[Event]:
        """The events of a type that came last, at most so many, none older than `span` (duration)
        before the newest; in order of arrival.
        """
        newest = self.newest(event)
        if newest is None:
            return []
        rows = self.connection.execute(
            f'SELECT id FROM "{_known(event)}" WHERE ts >= ? ORDER BY id DESC LIMIT ?',  # noqa: S608  # a name of the schema
            [newest - span, most],
        ).fetchall()
        return sorted(self.events((i for (i,) in rows), (event,)), key=lambda e: e.id or 0)

    def met(
        self, event: str, conditions: Sequence[str], after: int
    ) -> list[tuple[int, int] | None]:
        """Least and greatest `ts` of the events of a type with an id above `after` that meet each
        condition (SQL over the columns of `r`), None where none does.
        """
        met = ", ".join(f"CASE WHEN {c} THEN ts END AS c{i}" for i, c in enumerate(conditions))
        ends = ", ".join(f"min(c{i}), max(c{i})" for i in range(len(conditions)))
        query = f'SELECT {ends} FROM (SELECT {met} FROM "{_known(event)}" AS r WHERE id > $after)'  # noqa: S608  # conditions of compiled rules
        (times,) = run(self.connection, query, {"after": after})
        return [
            None if low is None or high is None else (low, high)
            for low, high in zip(times[::2], times[1::2], strict=True)
        ]

    def sources(self, low: int, high: int) -> list[tuple[str, str, int, int]]:
        """(event type, sensor, newest ts, number of events with ts in [low, high]), alerts apart."""
        parts = " UNION ALL ".join(
            f"SELECT '{n}' AS type, coalesce(sensor, '') AS sensor, max(ts) AS newest, "  # noqa: S608  # names of the schema
            f'count(*) FILTER (ts BETWEEN $low AND $high) AS n FROM "{n}" GROUP BY ALL'
            for n in event_types()
            if n != "alert"
        )
        query = f"SELECT * FROM ({parts}) ORDER BY ALL"  # noqa: S608
        rows = self.connection.execute(query, {"low": low, "high": high}).fetchall()
        return [(str(t), str(s), int(newest), int(n)) for t, s, newest, n in rows]

    def ids_of(self, sensor: str, seq: int, types: Iterable[str]) -> list[int]:
        """Ids of the events of these types that a sensor gave this number."""
        found: list[int] = []
        for name in types:
            rows = self.connection.execute(
                f'SELECT id FROM "{_known(name)}" WHERE sensor = ? AND seq = ?',  # noqa: S608  # a name of the schema
                [sensor, seq],
            ).fetchall()
            found += [int(id_) for (id_,) in rows]
        return found

    def newest(self, event: str) -> int | None:
        """The greatest `ts` of a type, None where it has no events."""
        row = self._row(f'SELECT max(ts) FROM "{_known(event)}"')  # noqa: S608  # a name of the schema
        return None if row is None or row[0] is None else int(str(row[0]))

    def newest_by_type(self) -> dict[str, int]:
        """The greatest `ts` of every type that has events."""
        found = {name: self.newest(name) for name in stored.filled(self.connection)}
        return {name: ts for name, ts in found.items() if ts is not None}

    def span(self) -> tuple[int, int] | None:
        """Least and greatest `ts` of all events but alerts and the state of directories, None where
        there are none.
        """
        parts = " UNION ALL ".join(
            f'SELECT min(ts) AS low, max(ts) AS high FROM "{n}"'  # noqa: S608  # names of the schema
            for n in event_types()
            if n not in ("alert", "directory_object")
        )
        row = self._row(f"SELECT min(low), max(high) FROM ({parts})")  # noqa: S608
        return None if row is None or row[0] is None else (int(str(row[0])), int(str(row[1])))

    def count(self, low: int, high: int) -> int:
        """How many events, alerts apart, have ts in [low, high]."""
        parts = " UNION ALL ".join(
            f'SELECT count(*) AS n FROM "{n}" WHERE ts BETWEEN $low AND $high'  # noqa: S608  # names of the schema
            for n in event_types()
            if n != "alert"
        )
        query = f"SELECT sum(n)::BIGINT FROM ({parts})"  # noqa: S608
        ((number,),) = self.connection.execute(query, {"low": low, "high": high}).fetchall()
        return int(number)

    def oldest(self, types: Iterable[str]) -> int | None:
        """The least `ts` of any event of these types, None where there is none."""
        found = []
        for name in types:
            row = self._row(f'SELECT min(ts) FROM "{_known(name)}"')  # noqa: S608  # a name of the schema
            if row is not None and row[0] is not None:
                found.append(int(str(row[0])))
        return min(found, default=None)

    def arrived(self, types: Iterable[str], after: int, before: int) -> set[int]:
        """Times, by the minute, of events with an id above `after` and a `ts` less than `before`."""
        found: set[int] = set()
        for name in types:
            rows = self.connection.execute(
                f'SELECT DISTINCT ts - ts % 60000000 FROM "{_known(name)}" WHERE id > ? AND ts < ?',  # noqa: S608  # a name of the schema
                [after, before],
            ).fetchall()
            found |= {int(ts) for (ts,) in rows}
        return found

    def withheld(self, owner: str, after: int) -> set[int]:
        """Times, by the minute, of events that were withheld from the profiles of a detection, or
        count again, with changes above the number `after`.
        """
        return withheld.changed_after(self.connection, owner, after)

    def highest_id(self) -> int:
        """The greatest id of any stored event, 0 where there is none."""
        parts = " UNION ALL ".join(f'SELECT max(id) AS id FROM "{n}"' for n in event_types())  # noqa: S608  # names of the schema
        row = self._row(f"SELECT max(id) FROM ({parts})")  # noqa: S608
        return 0 if row is None or row[0] is None else int(str(row[0]))

    def ranges_after(self, id_: int) -> dict[str, tuple[int, int]]:
        """Least and greatest `ts` by type of the events with a greater id."""
        found = {}
        for name in event_types():
            row = self._row(
                f'SELECT min(ts), max(ts) FROM "{name}" WHERE id > ?',  # noqa: S608  # a name of the schema
                [id_],
            )
            if row is not None and row[0] is not None:
                found[name] = (int(str(row[0])), int(str(row[1])))
        return found

    def _row(self, query: str, values: Sequence[object] = ()) -> tuple[object, ...] | None:
        # fetchone leaves the result open, and the connection refuses the next register
        rows: list[tuple[object, ...]] = self.connection.execute(query, list(values)).fetchall()
        return rows[0] if rows else None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A further connection to the same database, for another thread."""
        return self._database.cursor()

    @property
    def beside(self) -> duckdb.DuckDBPyConnection:
        """The connection of one further thread, until the store is closed."""
        if self._beside is None:
            self._beside = self.cursor()
        return self._beside

    def checkpoint(self) -> None:
        """Write the log into the file: for a maintenance thread. While a backup copies it is left for later."""
        with self.cursor() as cursor, suppress(duckdb.TransactionException):
            cursor.execute("CHECKPOINT")

    def close(self) -> None:
        """Give the database back; a store in memory is gone then."""
        if self._parts is not None:
            self._parts.close()
        if self._beside is not None:
            self._beside.close()
        self._database.close()


def _known(event: str) -> str:
    return event_types()[event].name
