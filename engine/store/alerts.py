"""Rows and records of alerts in the store, so that a restart neither loses nor repeats an alert.

`alert_row` holds the rows of recent alerts by slice (`statement` -1: summed-up rows), `alert_record`
every alert, `alert_event` a copy of its evidence, which outlives the events themselves,
`alert_outbox` the changes that sinks have not confirmed, `alert_suppressed` what people do not want to
hear of. Each function takes a connection and runs inside the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.alert_codec import (
    pack_episode,
    pack_record,
    pack_row,
    unpack_episode,
    unpack_record,
    unpack_row,
)
from engine.alerts import dedup_key
from engine.store.facts import put_state, states

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from engine.alert_records import Alert, Change
    from engine.alert_rows import Held
    from engine.alerts import AlertRow, Episode

_SEALED: Final = -1
_LAST_CHANGE: Final = "outbox.last"


class Waiting(msgspec.Struct, frozen=True):
    """A change in the outbox; `seq` counts up through all runs."""

    seq: int
    kind: str
    raised: bool
    alert: Alert


def put_slice(
    connection: duckdb.DuckDBPyConnection,
    detection: str,
    statement: int,
    span: tuple[int, int],
    rows: Sequence[AlertRow],
) -> None:
    """Replace the rows of an alert statement with ts in `span`, both ends included."""
    connection.execute(
        "DELETE FROM alert_row WHERE detection = ? AND statement = ? AND ts BETWEEN ? AND ?",
        [detection, statement, *span],
    )
    _insert(
        connection,
        [(detection, statement, r.ts, dedup_key(r.dedup), pack_row(r)) for r in rows],
    )


def put_sealed(
    connection: duckdb.DuckDBPyConnection, detection: str, key: bytes, held: Held
) -> None:
    """Replace the rows of a dedup value that were summed up by their sums."""
    connection.execute(
        "DELETE FROM alert_row WHERE detection = ? AND dedup = ? AND (ts <= ? OR statement = ?)",
        [detection, key, held.sealed_to, _SEALED],
    )
    _insert(
        connection,
        [
            (detection, _SEALED, e.anchor[0], key, pack_episode(e, held.sealed_to))
            for e in held.sealed
        ],
    )


def forget_rows(
    connection: duckdb.DuckDBPyConnection, detection: str, keys: Iterable[bytes]
) -> None:
    """Delete the rows of dedup values that nothing can join any more."""
    for key in keys:
        connection.execute(
            "DELETE FROM alert_row WHERE detection = ? AND dedup = ?", [detection, key]
        )


def rows_of(
    connection: duckdb.DuckDBPyConnection, detection: str
) -> tuple[list[tuple[int, AlertRow]], list[tuple[Episode, int]]]:
    """(statement, row) of all rows of a detection in time, and its sums with their reach."""
    found = connection.execute(
        "SELECT statement, data FROM alert_row WHERE detection = ? ORDER BY ts", [detection]
    ).fetchall()
    rows = [(int(s), unpack_row(data)) for s, data in found if s != _SEALED]
    return rows, [unpack_episode(data) for s, data in found if s == _SEALED]


def put_records(connection: duckdb.DuckDBPyConnection, records: Iterable[Alert]) -> None:
    """Insert or replace records by number."""
    kept = list(records)
    if not kept:
        return
    connection.execute(
        "INSERT OR REPLACE INTO alert_record SELECT unnest($number::BIGINT[]), "
        "unnest($detection::VARCHAR[]), unnest($dedup::BLOB[]), unnest($data::BLOB[])",
        {
            "number": [r.number for r in kept],
            "detection": [r.detection for r in kept],
            "dedup": [r.dedup for r in kept],
            "data": [pack_record(r) for r in kept],
        },
    )


def records_of(
    connection: duckdb.DuckDBPyConnection, detection: str, keys: Sequence[bytes]
) -> list[Alert]:
    """Records of a detection for some dedup values, by number."""
    if not keys:
        return []
    found = connection.execute(
        "SELECT data FROM alert_record WHERE detection = ? AND list_contains(?::BLOB[], dedup) "
        "ORDER BY number",
        [detection, list(keys)],
    ).fetchall()
    return [unpack_record(data) for (data,) in found]


def all_records(connection: duckdb.DuckDBPyConnection) -> list[Alert]:
    """Every record, by number."""
    found = connection.execute("SELECT data FROM alert_record ORDER BY number").fetchall()
    return [unpack_record(data) for (data,) in found]


def record(connection: duckdb.DuckDBPyConnection, number: int) -> Alert | None:
    """The record of a number."""
    found = connection.execute(
        "SELECT data FROM alert_record WHERE number = ?", [number]
    ).fetchall()
    return unpack_record(found[0][0]) if found else None


def put_suppressed(connection: duckdb.DuckDBPyConnection, records: Iterable[Alert]) -> None:
    """Note when what people suppressed was last seen."""
    for one in records:
        connection.execute(
            "INSERT OR REPLACE INTO alert_suppressed VALUES (?, ?, ?)",
            [one.detection, one.dedup, one.last_row],
        )


def forget_suppressed(connection: duckdb.DuckDBPyConnection, records: Iterable[Alert]) -> None:
    """People want to hear again of what these records are about."""
    keys = [(one.detection, one.dedup) for one in records]
    if keys:
        detections, dedups = zip(*keys, strict=True)
        connection.execute(
            "DELETE FROM alert_suppressed WHERE (detection, dedup) IN "
            "(SELECT (unnest($detections::VARCHAR[]), unnest($dedups::BLOB[])))",
            {"detections": list(detections), "dedups": list(dedups)},
        )


def suppressed(connection: duckdb.DuckDBPyConnection, detection: str) -> dict[bytes, int]:
    """When what people suppressed of a detection was last seen, by dedup value."""
    found = connection.execute(
        "SELECT dedup, last FROM alert_suppressed WHERE detection = ?", [detection]
    ).fetchall()
    return {dedup: int(last) for dedup, last in found}


def highest_number(connection: duckdb.DuckDBPyConnection) -> int:
    """The greatest alert number given, 0 where there is none."""
    ((highest,),) = connection.execute("SELECT max(number) FROM alert_record").fetchall()
    return 0 if highest is None else int(highest)


def evidence_ids(
    connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]
) -> dict[int, set[int]]:
    """Ids of the events already copied to each of the alerts."""
    found = connection.execute(
        "SELECT number, id FROM alert_event WHERE number IN (SELECT unnest($numbers::BIGINT[]))",
        {"numbers": list(numbers)},
    ).fetchall()
    copied: dict[int, set[int]] = {number: set() for number in numbers}
    for number, id_ in found:
        copied[number].add(int(id_))
    return copied


def put_evidence(
    connection: duckdb.DuckDBPyConnection, events: Sequence[tuple[int, int, str]]
) -> None:
    """Copy events (alert's number, id, JSON) to alerts."""
    if events:
        numbers, ids, data = zip(*events, strict=True)
        connection.execute(
            "INSERT INTO alert_event SELECT unnest($numbers::BIGINT[]), "
            "unnest($ids::BIGINT[]), unnest($data::VARCHAR[])",
            {"numbers": list(numbers), "ids": list(ids), "data": list(data)},
        )


def forget_deleted(
    connection: duckdb.DuckDBPyConnection, detection: str, keys: Iterable[bytes]
) -> None:
    """Take the names out of records that people deleted, now that no row can ask for them."""
    emptied = [r for r in records_of(connection, detection, list(keys)) if r.status == "deleted"]
    for one in emptied:
        one.dedup = b""
    put_records(connection, emptied)


def forget_evidence(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Delete the events copied to an alert."""
    connection.execute("DELETE FROM alert_event WHERE number = ?", [number])


def evidence(connection: duckdb.DuckDBPyConnection, number: int) -> dict[int, str]:
    """The events copied to an alert: id -> JSON."""
    found = connection.execute(
        "SELECT id, data FROM alert_event WHERE number = ?", [number]
    ).fetchall()
    return {int(id_): str(data) for id_, data in found}


def put_outbox(connection: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> None:
    """Let changes wait for the sinks, numbered on from the last one ever put."""
    if not changes:
        return
    first = last_change(connection) + 1
    connection.execute(
        "INSERT INTO alert_outbox SELECT unnest($seq::BIGINT[]), unnest($kind::VARCHAR[]), "
        "unnest($raised::BOOLEAN[]), unnest($data::BLOB[])",
        {
            "seq": [first + i for i in range(len(changes))],
            "kind": [c.kind for c in changes],
            "raised": [c.raised for c in changes],
            "data": [pack_record(c.alert) for c in changes],
        },
    )
    put_state(connection, {_LAST_CHANGE: str(first + len(changes) - 1)})


def last_change(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the last change ever put into the outbox, 0 where there was none."""
    return int(states(connection, _LAST_CHANGE).get("") or 0)


def outbox(connection: duckdb.DuckDBPyConnection) -> list[Waiting]:
    """Changes that wait, in order."""
    found = connection.execute(
        "SELECT seq, kind, raised, data FROM alert_outbox ORDER BY seq"
    ).fetchall()
    return [Waiting(int(s), str(k), bool(r), unpack_record(data)) for s, k, r, data in found]


def delivered(connection: duckdb.DuckDBPyConnection, seq: int) -> None:
    """Every sink has the changes up to `seq`."""
    connection.execute("DELETE FROM alert_outbox WHERE seq <= ?", [seq])


def _insert(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, int, int, bytes, bytes]]
) -> None:
    if rows:
        names, statements, times, keys, data = zip(*rows, strict=True)
        connection.execute(
            "INSERT INTO alert_row SELECT unnest($names::VARCHAR[]), "
            "unnest($statements::BIGINT[]), unnest($times::BIGINT[]), unnest($keys::BLOB[]), "
            "unnest($data::BLOB[])",
            {
                "names": list(names),
                "statements": list(statements),
                "times": list(times),
                "keys": list(keys),
                "data": list(data),
            },
        )
