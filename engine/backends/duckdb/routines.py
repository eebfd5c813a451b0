"""Python functions that statements call by name (`atp_...`): what needs a parser or a zone table.

A statement says which it calls, and they are made on the database that it runs on, once.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from duckdb.func import FunctionNullHandling, PythonUDFType

from dsl.schema.derive import ip_bytes, ip_text
from engine.backends import dns_names, filter_text
from engine.backends.duckdb.trained import forests

Result = str | int | bool | bytes | list[str] | None

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

_TIME: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_KEPT: Final = 8_192
"""Answers kept of each function of texts."""
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


def _calendar(ts: int, zone: str, part: str) -> int | None:
    there = _local(ts, zone)
    if there is None:
        return None
    return there.isocalendar().week if part == "week" else int(getattr(there, part))


def _time_of(written: str) -> int | None:
    """ISO 8601, a blank for its `T` too; more than six digits of a second are cut."""
    found = _TIME.fullmatch(written)
    if found is None:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    zone = (found["zone"] or "+00:00").upper().replace("Z", "+00:00")
    try:
        moment = dt.datetime.fromisoformat(f"{found['day']}T{found['time']}.{fraction}{zone}")
    except ValueError:
        return None
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Routine:
    """A function, the types of its parameters and of its result. `batched`: it is given Arrow arrays
    of many rows.
    """

    function: Callable[..., object]
    parameters: tuple[str, ...]
    result: str
    batched: bool = False


def _total(function: Callable[..., Result], parameters: list[str], result: str) -> Routine:
    """Null in, null out; DuckDB's own way to say so forbids null as an answer."""
    # the same names and filters come again and again
    known = lru_cache(maxsize=_KEPT)(function) if set(parameters) == {"VARCHAR"} else function

    @wraps(function)
    def answer(*arguments: object) -> Result:
        return None if None in arguments else known(*arguments)

    return Routine(answer, tuple(parameters), result)


# DuckDB keeps the address of a function as long as the database lives, but a reference only as long
# as the connection that made it: so these live as long as the process.
_ROUTINES: Final[dict[str, Routine]] = {
    "atp_registered_domain": _total(dns_names.registered_domain, ["VARCHAR"], "VARCHAR"),
    "atp_subdomain": _total(dns_names.subdomain, ["VARCHAR"], "VARCHAR"),
    "atp_ldap_selects": _total(filter_text.selects, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "atp_is_spn_filter": _total(filter_text.by_spn, ["VARCHAR"], "BOOLEAN"),
    "atp_filter_value": _total(filter_text.value_of, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "atp_names_one": _total(filter_text.names_one, ["VARCHAR"], "BOOLEAN"),
    "atp_uac_bits": _total(filter_text.uac_flags, ["VARCHAR"], "VARCHAR[]"),
    "atp_ip_text": _total(ip_text, ["BLOB"], "VARCHAR"),
    "atp_hour": _total(_hour, ["BIGINT", "VARCHAR"], "BIGINT"),
    "atp_address": _total(ip_bytes, ["VARCHAR"], "BLOB"),
    "atp_time_of": _total(_time_of, ["VARCHAR"], "BIGINT"),
    "atp_calendar": _total(_calendar, ["BIGINT", "VARCHAR", "VARCHAR"], "BIGINT"),
    "atp_weekday": _total(_weekday, ["BIGINT", "VARCHAR"], "BIGINT"),
    "atp_outlier": Routine(forests.scores, ("VARCHAR", "DOUBLE[]"), "DOUBLE", batched=True),
    "atp_outlier_why": Routine(forests.reasons, ("VARCHAR", "DOUBLE[]"), "VARCHAR", batched=True),
}
_CALL: Final = re.compile(r"\batp_\w+(?=\()", re.IGNORECASE)
_lock: Final = threading.Lock()
_there: Final[WeakKeyDictionary[duckdb.DuckDBPyConnection, frozenset[str]]] = WeakKeyDictionary()
"""What a connection is known to have: to ask the database costs more than most statements."""


def called(*statements: str) -> frozenset[str]:
    """The functions that statements call."""
    found = {n.lower() for statement in statements for n in _CALL.findall(statement)}
    return frozenset(found & _ROUTINES.keys())


def install(connection: duckdb.DuckDBPyConnection, names: frozenset[str]) -> None:
    """Make the functions that are not there yet."""
    known = _there.get(connection, frozenset())
    if names <= known:
        return
    with _lock:
        found = connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE starts_with(function_name, 'atp_')"
        ).fetchall()
        for name in sorted(names - {n for (n,) in found}):
            routine = _ROUTINES[name]
            connection.create_function(
                name,
                routine.function,
                [*routine.parameters],
                routine.result,
                type=PythonUDFType.ARROW if routine.batched else PythonUDFType.NATIVE,
                null_handling=FunctionNullHandling.SPECIAL,
            )
        _there[connection] = known | names
