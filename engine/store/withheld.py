"""Events behind alerts, which must not become usual: a table of what profiles do not learn.

An event behind a row of a detection counts for none of its profiles in [since, until): since the end
of the unit of time that the row lies in, until people close the alert as nothing bad. So what a unit
is told depends on the alerts of earlier units only, and the same events give the same alerts in
whatever steps they come. Entries outlive nothing: they go with the windows of the profiles.
Each function takes a connection; knows no profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from engine.entities_rows import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from engine.alert_records import Alert

_FIELDS = (
    "detection",
    "statement",
    "row_ts",
    "dedup",
    "id",
    "ts",
    "since",
    "until",
    "changed",
    "sealed",
)
_NEXT = "(SELECT coalesce(max(changed), 0) + 1 FROM withheld)"


class Behind(NamedTuple):
    """An event behind a row: the row's ts and dedup value, and from when on it does not count."""

    row_ts: int
    dedup: bytes
    id: int
    since: int


class Change(NamedTuple):
    """An event that must be withheld from now on, or (`gone`) no more, for its row is gone."""

    behind: Behind
    ts: int
    gone: bool


def changes(
    connection: duckdb.DuckDBPyConnection,
    detection: str,
    statement: int,
    span: tuple[int, int],
    found: Iterable[Behind],
    types: Iterable[str],
) -> list[Change]:
    """How the events behind the rows of a statement with ts in `span` (both ends included) differ
    from what is withheld; of these event types only.
    """
    wanted: dict[tuple[int, int], Behind] = {}
    for one in found:
        wanted.setdefault((one.since, one.id), one)
    # what a row outside the span brought in is as good as what one inside did
    last = max((b.since for b in wanted.values()), default=0)
    first = min((b.since for b in wanted.values()), default=1)
    held = connection.execute(
        "SELECT row_ts, dedup, id, since, ts, until > since FROM withheld "
        "WHERE detection = ? AND statement = ? AND (row_ts BETWEEN ? AND ? OR since BETWEEN ? AND ?)",
        [detection, statement, *span, first, last],
    ).fetchall()
    known = {(since, id_) for _, _, id_, since, _, stands in held if stands}
    new = [one for key, one in wanted.items() if key not in known]
    times = _times(connection, {one.id for one in new}, types)
    gone = [
        Change(Behind(row_ts, dedup, id_, since), ts, gone=True)
        for row_ts, dedup, id_, since, ts, stands in held
        if stands and span[0] <= row_ts <= span[1] and (since, id_) not in wanted
    ]
    return gone + [Change(one, times[one.id], gone=False) for one in new if one.id in times]


def apply(
    connection: duckdb.DuckDBPyConnection,
    detection: str,
    statement: int,
    made: Sequence[Change],
) -> None:
    """Put changes into the table."""
    gone = [[detection, statement, c.behind.since, c.behind.id] for c in made if c.gone]
    if gone:
        connection.executemany(
            f"UPDATE withheld SET until = since, changed = {_NEXT} "  # noqa: S608  # a query of this module
            "WHERE detection = ? AND statement = ? AND since = ? AND id = ?",
            gone,
        )
    new = [(*c.behind, c.ts) for c in made if not c.gone]
    if new:
        row_ts, dedup, ids, since, ts = map(list, zip(*new, strict=True))
        columns = [pa.array(v, t) for v, t in (
            (row_ts, pa.int64()), (dedup, pa.binary()), (ids, pa.int64()), (ts, pa.int64()),
            (since, pa.int64()),
        )]  # fmt: skip
        table = pa.Table.from_arrays(columns, names=["row_ts", "dedup", "id", "ts", "since"])
        connection.register("arriving", table)
        connection.execute(
            f"INSERT INTO withheld ({', '.join(_FIELDS)}) SELECT ?, ?, row_ts, dedup, id, ts, since, "  # noqa: S608
            f"{FOREVER}, {_NEXT}, false FROM arriving",
            [detection, statement],
        )
        connection.unregister("arriving")


def unsealed(
    connection: duckdb.DuckDBPyConnection, detection: str, low: int, high: int
) -> dict[int, set[bytes]]:
    """Ends of units in [low, high] that were not looked over whole since something of them was
    withheld, with the dedup values of their rows.
    """
    found = connection.execute(
        "SELECT since, list(DISTINCT dedup) FROM withheld WHERE detection = ? AND until > since "
        "AND since BETWEEN ? AND ? GROUP BY since HAVING NOT bool_and(sealed) ORDER BY since",
        [detection, low, high],
    ).fetchall()
    return {int(since): set(keys) for since, keys in found}


def seal(connection: duckdb.DuckDBPyConnection, detection: str, since: int) -> None:
    """A unit, by its end, was looked over whole."""
    connection.execute(
        "UPDATE withheld SET sealed = true WHERE detection = ? AND since = ?", [detection, since]
    )


def release(connection: duckdb.DuckDBPyConnection, record: Alert, now: int) -> None:
    """The events behind an alert count again from `now` on (microseconds)."""
    connection.execute(
        f"UPDATE withheld SET until = greatest(since + 1, ?), changed = {_NEXT} "  # noqa: S608
        "WHERE detection = ? AND dedup = ? AND until > since AND since IN (SELECT since FROM "
        "withheld WHERE detection = ? AND dedup = ? AND row_ts BETWEEN ? AND ?)",
        [now, *(record.detection, record.dedup) * 2, record.first_row, record.last_row],
    )


def again(connection: duckdb.DuckDBPyConnection, record: Alert) -> None:
    """The events behind an alert do not count after all, as if they had never been released."""
    connection.execute(
        f"UPDATE withheld SET until = {FOREVER}, changed = {_NEXT} "  # noqa: S608
        "WHERE detection = ? AND dedup = ? AND until > since AND until < ? AND since IN (SELECT since "
        "FROM withheld WHERE detection = ? AND dedup = ? AND row_ts BETWEEN ? AND ?)",
        [
            record.detection, record.dedup, FOREVER, record.detection, record.dedup,
            record.first_row, record.last_row,
        ],
    )  # fmt: skip


def boundaries(
    connection: duckdb.DuckDBPyConnection, detection: str, low: int, high: int
) -> list[int]:
    """The times in (low, high] from which on more or less counts, in order."""
    found = connection.execute(
        "SELECT DISTINCT unnest([since, until]) AS edge FROM withheld "
        "WHERE detection = $d AND until > since AND (since BETWEEN $l AND $h OR until BETWEEN $l AND $h) "
        "ORDER BY edge",
        {"d": detection, "l": low + 1, "h": high},
    ).fetchall()
    return [int(edge) for (edge,) in found if low < edge <= high]


def changed_after(connection: duckdb.DuckDBPyConnection, detection: str, number: int) -> set[int]:
    """Times, by the minute, of the events of which more than `number` changes told."""
    found = connection.execute(
        "SELECT DISTINCT ts - ts % 60000000 FROM withheld WHERE detection = ? AND changed > ?",
        [detection, number],
    ).fetchall()
    return {int(ts) for (ts,) in found}


def latest(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the latest change, 0 where there was none."""
    ((number,),) = connection.execute("SELECT max(changed) FROM withheld").fetchall()
    return 0 if number is None else int(number)


def forget(connection: duckdb.DuckDBPyConnection, detection: str, before: int) -> None:
    """Delete what lies before the windows of a detection's profiles."""
    connection.execute("DELETE FROM withheld WHERE detection = ? AND ts < ?", [detection, before])


def counts(connection: duckdb.DuckDBPyConnection, now: int) -> Mapping[str, int]:
    """How many events are withheld at a time, by detection."""
    found = connection.execute(
        "SELECT detection, count(DISTINCT id) FROM withheld "
        "WHERE since < until AND since <= $now AND until > $now GROUP BY detection",
        {"now": now},
    ).fetchall()
    return {str(d): int(n) for d, n in found}


def _times(
    connection: duckdb.DuckDBPyConnection, ids: set[int], types: Iterable[str]
) -> dict[int, int]:
    found: dict[int, int] = {}
    wanted = sorted(ids)
    for name in types if wanted else ():
        rows = connection.execute(
            f'SELECT id, ts FROM "{name}" WHERE id BETWEEN ? AND ? AND list_contains(?::BIGINT[], id)',  # noqa: S608  # names of the schema
            [wanted[0], wanted[-1], wanted],
        ).fetchall()
        found |= {int(id_): int(ts) for id_, ts in rows}
    return found
