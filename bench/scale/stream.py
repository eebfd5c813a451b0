"""A stream of events of any length, made inside DuckDB: the n-th event is a function of n alone.

A domain of 50,000 accounts (used as Zipf says) on 20,000 hosts; a terminal server is the source of
a fifth of all events. A *round* is 32 events (a logon session's ticket, the services asked for with
it minutes and hours later, what is done there, and now and then something rare), and there are as
many rounds a day as make 3.3 million events. Rounds lie up to two seconds off the order of time;
within one a ticket is issued before it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.schema.registry import event_types
from engine.store.columns import event_of
from engine.store.tables import TIE, event_columns, tie_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from dsl.schema.base import Event

SECOND: Final = 1_000_000
BEGIN: Final = 1_750_000_000 * SECOND
ROUND: Final = 32
"""Events of a round."""
GAP: Final = 86_400 * SECOND * ROUND // 3_300_000
"""Microseconds between rounds."""
ACCOUNTS: Final = 50_000
HOSTS: Final = 20_000
DOMAIN: Final = "corp.example.test"
SENSORS: Final = {"wire": "wire-dc1", "log": "log-dc1"}
_DC: Final = "unhex('00000000000000000000ffff0a141e0a')"
"""10.20.30.10, the first domain controller."""
_LAGS: Final = (0, 120, 3_600, 14_400, 32_400)
"""Seconds after the logon at which further services are asked for."""


@dataclass(frozen=True)
class Recipe:
    """Which of a round's events are of a type. `slots`: position in the round and how many seconds
    before it the session began. `often`: of 10,000 rounds. `where`: which templates serve.
    """

    event: str
    slots: tuple[tuple[int, int], ...]
    where: str = "TRUE"
    often: int = 10_000
    sensor: str = "wire"


_FIVE: Final = tuple(enumerate(_LAGS))
RECIPES: Final = (
    Recipe("kerberos_as", ((0, 0),), "ticket_hash IS NOT NULL"),
    Recipe("kerberos_tgs", tuple((1 + i, lag) for i, lag in _FIVE[:4]),
           "tgt_hash IS NOT NULL AND service_class <> 'krbtgt' AND outcome = 'success'"),
    Recipe("kerberos_ap", tuple((5 + i, lag) for i, lag in _FIVE)),
    Recipe("dns_query", tuple((10 + i, _LAGS[i % 5]) for i in range(8))),
    Recipe("smb_session", ((18, 120), (19, 3_600))),
    Recipe("smb_file", ((20, 120), (21, 120), (22, 3_600))),
    Recipe("ldap_bind", ((23, 0),), "outcome = 'success'"),
    Recipe("ldap_search", ((24, 0), (25, 120))),
    Recipe("ntlm_auth", ((26, 3_600),), "outcome = 'success'"),
    Recipe("rpc_bind", ((27, 120),)),
    Recipe("rpc_call", ((28, 120), (29, 3_600))),
    Recipe("logon", ((30, 0),), sensor="log"),
    Recipe("kerberos_as", ((31, 0),), "ticket_hash IS NULL", often=6_000),
    Recipe("netlogon_secure", ((31, 0),), often=1_000),
    Recipe("sensor_health", ((31, 0),), "kind = 'heartbeat' AND via = 'wire'", often=300),
    Recipe("ntlm_auth", ((31, 0),), "outcome = 'wrong_password'", often=300),
    Recipe("samr_query", ((31, 0),), often=300, sensor="log"),
    Recipe("directory_access", ((31, 0),), often=200, sensor="log"),
    Recipe("account_change", ((31, 0),), often=50, sensor="log"),
    Recipe("directory_change", ((31, 0),), often=50, sensor="log"),
    Recipe("group_change", ((31, 0),), often=10, sensor="log"),
    Recipe("service_install", ((31, 0),), often=5, sensor="log"),
    Recipe("task_create", ((31, 0),), often=5, sensor="log"),
    Recipe("replication", ((31, 0),), often=2, sensor="log"),
)  # fmt: skip


def prepare(connection: duckdb.DuckDBPyConnection, found: Mapping[str, pa.Table]) -> None:
    """Bring the templates to a connection, as temporary tables."""
    for number, recipe in enumerate(RECIPES):
        connection.register("arriving", found[recipe.event])
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE template_{number} AS "  # our own names
            f"SELECT row_number() OVER () - 1 AS _n, * FROM arriving WHERE {recipe.where}"
        )
        connection.unregister("arriving")


def fill(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> None:
    """Store the rounds [first, last)."""
    for number, recipe in enumerate(RECIPES):
        columns = ", ".join(f'"{c}"' for c in event_columns(event_types()[recipe.event]))
        connection.execute(
            f'INSERT INTO main."{recipe.event}" ({columns}) {_query(connection, number)}',
            {"first": first, "last": last},
        )


def events(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> Iterator[Event]:
    """The events of the rounds [first, last) as a sensor sends them: without what ingest gives."""
    for number, recipe in enumerate(RECIPES):
        kind = event_types()[recipe.event]
        rows = connection.execute(
            _query(connection, number), {"first": first, "last": last}
        ).fetchall()
        for *values, _ in rows:
            event = event_of(kind, values)
            event.id = event.primary = event.certainty = event.resolution = None
            yield event


def _query(connection: duckdb.DuckDBPyConnection, number: int) -> str:
    """Rows of a recipe, in order of rounds; the columns of its table."""
    recipe = RECIPES[number]
    ((count,),) = connection.execute(f"SELECT count(*) FROM template_{number}").fetchall()
    slots = [slot for slot, _ in recipe.slots]
    lags = [lag * SECOND // GAP for _, lag in recipe.slots]
    # rare types share a slot: each has a span of its own among the rounds' numbers
    before = sum(r.often for r in RECIPES[:number] if r.slots[0][0] == recipe.slots[0][0])
    chosen = f"hash(r, 7) % 10000 BETWEEN {before} AND {before + recipe.often - 1}"
    rare = "" if recipe.often == 10_000 else f"WHERE {chosen}"
    width = len(slots)
    columns = ", ".join(
        f'{_value(name, kind, recipe)} AS "{name}"' for name, kind in _columns(recipe.event)
    )
    return f"""
    WITH numbered AS (
        SELECT i // {width} AS r, {slots}[1 + i % {width}] AS slot,
            r - {lags}[1 + i % {width}] AS q
        FROM range($first::BIGINT * {width}, $last::BIGINT * {width}) t(i)
    ), placed AS (
        SELECT r, slot, q, r * {ROUND} + slot AS g,
            {BEGIN} + r * {GAP} + slot * {GAP // ROUND} + (hash(r, 3) % {2 * SECOND})::BIGINT AS moment,
            floor(exp(ln({ACCOUNTS}) * (hash(q, 1) / 18446744073709551616.0)))::BIGINT AS a,
            CASE hash(q, 2) % 5 WHEN 0 THEN 0 ELSE 1 + hash(a) % {HOSTS} END::BIGINT AS h,
            (hash(g, 4) % {count})::BIGINT AS n
        FROM numbered {rare}
    )
    SELECT {columns} FROM placed JOIN template_{number} t ON t._n = n"""


def _columns(event: str) -> list[tuple[str, str]]:
    kinds = {c.name: c.field.kind for c in event_types()[event].columns.values()}
    return [(name, kinds.get(name, "")) for name in event_columns(event_types()[event])]


def _value(name: str, kind: str, recipe: Recipe) -> str:
    """What stands in a column: the template's value, or the session's."""
    sensor = SENSORS[recipe.sensor]
    uuid = "(md5({0})[:8] || '-' || md5({0})[9:12] || '-' || md5({0})[13:16] || '-' || md5({0})[17:20] || '-' || md5({0})[21:])"
    always = {
        "ts": "moment",
        "id": "g + 1",
        "sensor": f"'{sensor}'",
        "seq": "g",
        TIE: f"{tie_of(sensor, 0)} + g",
        "domain": f"'{DOMAIN}'",
    }
    if name in always:
        return always[name]
    given = {
        "account": f"'u' || a || '@{DOMAIN}'",
        "actor": f"'u' || a || '@{DOMAIN}'",
        "account_name": "'u' || a",
        "source": f"'ws' || h || '.{DOMAIN}'",
        "src_ip": f"unhex('00000000000000000000ffff' || printf('%08x', {0x0A400000} + h))",
        "src_port": "49152 + (hash(g, 5) % 16000)::BIGINT",
        "workstation": "'WS' || h",
        "query": f"CASE hash(g, 6) % 3 WHEN 0 THEN 'ws' || hash(g, 8) % {HOSTS} || '.{DOMAIN}' ELSE t.query END",
        "ticket_hash": "unhex(sha256('tgt' || q))" if recipe.event == "kerberos_as"
        # the service ticket of the session: the one asked for at the same lag
        else f"unhex(sha256('service' || q || ' ' || least({'slot - 1' if recipe.event == 'kerberos_tgs' else 'slot - 5'}, 3)))",
        "tgt_hash": "unhex(sha256('tgt' || q))",
        "password_tag": "unhex(md5('p' || a)[:16])",
        "logon_id": "(hash(q, 9) % 4294967296)::BIGINT",
        "logon_guid": uuid.format("'l' || q"),
        "client_guid": uuid.format("'c' || h"),
    }  # fmt: skip
    # an account's tickets hold the same groups and are of one size, at the KDC and where they are shown
    own = {"kerberos_as": "ticket_size", "kerberos_tgs": "tgt_size"}.get(recipe.event)
    if own is not None:
        given[own] = "1060 + (hash(a, 10) % 90)::BIGINT"
    if recipe.event == "replication":  # controllers with each other
        given |= {"source": f"'dc1.{DOMAIN}'", "src_ip": _DC}
    if name in given:
        return f'CASE WHEN t."{name}" IS NOT NULL THEN {given[name]} END'
    if kind == "time":
        return f't."{name}" - t.ts + moment'
    return f't."{name}"'
