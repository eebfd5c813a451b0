"""Python functions that statements call by name (`atp_...`): what needs a parser or a zone table.

A statement says which it calls, and they are made on the database that it runs on, once.
"""

from __future__ import annotations

import datetime as dt
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlglot import exp

from dsl.schema.derive import ip_text
from engine.backends import dns_names, filter_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _local(ts: int, zone: str) -> dt.datetime | None:
    there = _zone(zone)
    try:
        moment = _EPOCH + dt.timedelta(microseconds=ts)
        return None if there is None else moment.astimezone(there)
    except OverflowError:
        return None


def _hour(ts: int, zone: str) -> int | None:
    there = _local(ts, zone)
    return None if there is None else there.hour


def _weekday(ts: int, zone: str) -> int | None:
    there = _local(ts, zone)
    return None if there is None else there.isoweekday()


_ROUTINES: Final[dict[str, tuple[Callable[..., object], list[str], str]]] = {
    "atp_registered_domain": (dns_names.registered_domain, ["VARCHAR"], "VARCHAR"),
    "atp_subdomain": (dns_names.subdomain, ["VARCHAR"], "VARCHAR"),
    "atp_ldap_selects": (filter_text.selects, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "atp_is_spn_filter": (filter_text.by_spn, ["VARCHAR"], "BOOLEAN"),
    "atp_filter_value": (filter_text.value_of, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "atp_names_one": (filter_text.names_one, ["VARCHAR"], "BOOLEAN"),
    "atp_uac_bits": (filter_text.uac_flags, ["VARCHAR"], "VARCHAR[]"),
    "atp_ip_text": (ip_text, ["BLOB"], "VARCHAR"),
    "atp_hour": (_hour, ["BIGINT", "VARCHAR"], "BIGINT"),
    "atp_weekday": (_weekday, ["BIGINT", "VARCHAR"], "BIGINT"),
}
_lock: Final = threading.Lock()


def used(query: exp.Expr) -> frozenset[str]:
    """The functions that a statement calls."""
    return frozenset(c.name for c in query.find_all(exp.Anonymous) if c.name in _ROUTINES)


def install(connection: duckdb.DuckDBPyConnection, names: frozenset[str]) -> None:
    """Make the functions that are not there yet."""
    for name in sorted(names):
        function, parameters, result = _ROUTINES[name]
        with _lock:
            there = connection.execute(
                "SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [name]
            ).fetchone()
            if there is None:
                connection.create_function(name, function, parameters, result)
