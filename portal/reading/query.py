"""A query of people over events: run within bounds, answered as plain values.

At most so many at once, so that what is asked here takes neither the engine's nor the pages' turn.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypedDict

import duckdb
import msgspec

from engine.store.reads import BusyError
from portal.reading.sql.statement import QueryError, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portal.reading.sources import Sources

SECONDS: Final = 10.0
MEMORY: Final = 512 << 20
MOST_ROWS: Final = 10_000
MOST_BYTES: Final = 8 << 20
_CHUNK: Final = 256
_PATIENCE_S: Final = 2.0
_LONG: Final = 2**62

_turn: Final = threading.BoundedSemaphore(1)


class Column(TypedDict):
    """A column of an answer; `type` as DuckDB calls it."""

    name: str
    type: str


class Answer(TypedDict):
    """Rows in the order of the query. `cut`: there are more, for which there was no room."""

    columns: list[Column]
    rows: list[list[object]]
    cut: bool


def answered(
    sources: Sources,
    sql: str,
    most: int = 1_000,
    since: int | None = None,
    until: int | None = None,
) -> Answer:
    """The answer to a query over events with ts in [since, until] (microseconds). Raises QueryError,
    ReadError.
    """
    asked = statement(sql)
    values = {
        "low": 0 if since is None else since,
        "high": _LONG if until is None else until,
        "most": most + 1,
    }
    try:
        with bounded(), sources.reads.reading(SECONDS, MEMORY) as cursor:
            found = cursor.execute(asked.sql, values)
            columns: list[Column] = [
                {"name": str(name), "type": str(kind)} for name, kind, *_ in found.description
            ]
            rows, cut = _rows(found, most)
    except duckdb.InterruptException:
        raise
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        raise QueryError(_told(error)) from None
    return {"columns": columns, "rows": rows, "cut": cut}


@contextmanager
def bounded() -> Iterator[None]:
    """The turn of one query. Raises BusyError."""
    if not _turn.acquire(timeout=_PATIENCE_S):
        raise BusyError("another query runs; try again")
    try:
        yield
    finally:
        _turn.release()


def _rows(found: duckdb.DuckDBPyConnection, most: int) -> tuple[list[list[object]], bool]:
    rows: list[list[object]] = []
    size = 0
    while chunk := found.fetchmany(_CHUNK):
        for row in chunk:
            told = [plain(value) for value in row]
            size += len(msgspec.json.encode(told))
            if len(rows) >= most or size > MOST_BYTES:
                return rows, True
            rows.append(told)
    return rows, False


def plain(value: object) -> object:
    """A value of an answer as JSON has it."""
    match value:
        case datetime():
            return value.isoformat(timespec="microseconds") + ("" if value.tzinfo else "Z")
        case date() | timedelta() | Decimal():
            return float(value) if isinstance(value, Decimal) else str(value)
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return value.hex()
        case list() | tuple():
            return [plain(v) for v in value]
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def _told(error: Exception) -> str:
    """What DuckDB says of it, without the text that it saw, which is not the one that was sent."""
    lines: Sequence[str] = str(error).split("\n\n")[0].splitlines()
    return " ".join(line.strip() for line in lines if not line.startswith("LINE "))[:500]
