"""The tables of the store: one per event type, and those of the directory, lists and coverage.

Event tables are derived from `dsl.schema`; the others are intervals [valid_from, valid_to) in
microseconds UTC, open ones end at `FOREVER`. Names in keys are canonical, hence lower case.
Knows no connection: it only says what the tables are.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from dsl.schema.derive import sql_type
from dsl.schema.registry import EventType, event_types

FOREVER: Final = 2**63 - 1
"""End of an interval that has not ended."""

TIE: Final = "tie"

_INTERVAL: Final = f"valid_from BIGINT NOT NULL, valid_to BIGINT NOT NULL DEFAULT {FOREVER}"

OTHER_TABLES: Final[dict[str, str]] = {
    "state": "key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL",
    "dir_object": (
        "key VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR, domain VARCHAR, sid VARCHAR, "
        "domain_sid VARCHAR, rid BIGINT, dn VARCHAR, uac VARCHAR[], tags VARCHAR[], "
        "etypes VARCHAR[], created BIGINT, deleted BIGINT, silo VARCHAR, role VARCHAR[], "
        "os_build VARCHAR, department VARCHAR, sensitive BOOLEAN, admin BOOLEAN, "
        f"computer BOOLEAN, host VARCHAR, account VARCHAR, previous_names VARCHAR[], {_INTERVAL}"
    ),
    "dir_change": "key VARCHAR NOT NULL, attribute VARCHAR NOT NULL, ts BIGINT NOT NULL",
    "dir_member": f"group_key VARCHAR NOT NULL, member_key VARCHAR NOT NULL, {_INTERVAL}",
    "dir_spn": f"spn VARCHAR NOT NULL, account VARCHAR NOT NULL, {_INTERVAL}",
    "dir_address": (
        f"ip BLOB NOT NULL, host VARCHAR NOT NULL, {_INTERVAL}, certainty VARCHAR, method VARCHAR"
    ),
    "dir_domain": ("name VARCHAR NOT NULL, netbios VARCHAR, sid VARCHAR, ticket_lifetime BIGINT"),
    "dir_entry": (
        "guid VARCHAR NOT NULL, kind VARCHAR NOT NULL, key VARCHAR, dn VARCHAR, class VARCHAR, "
        "sid VARCHAR, domain VARCHAR, deleted BOOLEAN, attributes MAP(VARCHAR, VARCHAR), "
        f"{_INTERVAL}"
    ),
    "dir_link": f"group_sid VARCHAR NOT NULL, member VARCHAR NOT NULL, {_INTERVAL}",
    "list_entry": (
        "list VARCHAR NOT NULL, kind VARCHAR, value VARCHAR, cidr_low BLOB, cidr_high BLOB, "
        f"{_INTERVAL}"
    ),
    "coverage": f"domain VARCHAR NOT NULL, type VARCHAR NOT NULL, {_INTERVAL}",
    "alert_outbox": (
        "seq BIGINT PRIMARY KEY, kind VARCHAR NOT NULL, raised BOOLEAN NOT NULL, data BLOB NOT NULL"
    ),
    "alert_row": (
        "detection VARCHAR NOT NULL, statement BIGINT NOT NULL, ts BIGINT NOT NULL, "
        "dedup BLOB NOT NULL, data BLOB NOT NULL"
    ),
    "alert_record": (
        "number BIGINT PRIMARY KEY, detection VARCHAR NOT NULL, dedup BLOB NOT NULL, "
        "data BLOB NOT NULL"
    ),
    "alert_suppressed": (
        "detection VARCHAR NOT NULL, dedup BLOB NOT NULL, last BIGINT NOT NULL, "
        "PRIMARY KEY (detection, dedup)"
    ),
    "alert_event": "number BIGINT NOT NULL, id BIGINT NOT NULL, data VARCHAR NOT NULL",
    "withheld": (
        "detection VARCHAR NOT NULL, statement BIGINT NOT NULL, row_ts BIGINT NOT NULL, "
        "dedup BLOB NOT NULL, id BIGINT NOT NULL, ts BIGINT NOT NULL, since BIGINT NOT NULL, "
        "until BIGINT NOT NULL, changed BIGINT NOT NULL, sealed BOOLEAN NOT NULL"
    ),
}
"""Column definitions of every table that holds no events. `dir_object`: for computer accounts
`host` is the key of the host, for hosts `account` is the key of the computer account. `dir_member`
is the transitive closure, `dir_link` the direct links of a synchronised directory, `dir_entry` its
entries, whatever they are. `list_entry`: the implicit exclusion list of a detection bears its id."""


def event_columns(event: EventType) -> dict[str, str]:
    """Name and DuckDB type of the columns of an event table, in order."""
    plain = {c.name: sql_type(c.field.kind, many=c.many) for c in event.columns.values()}
    return plain | {TIE: "BIGINT"}


def create_statements() -> str:
    """DDL that makes every table that is not there yet."""
    events = {
        name: ", ".join(f'"{c}" {t}' for c, t in event_columns(event).items())
        for name, event in event_types().items()
    }
    return "".join(
        f'CREATE TABLE IF NOT EXISTS "{name}" ({columns});'
        for name, columns in (events | OTHER_TABLES).items()
    )


def tie_of(sensor: str | None, seq: int | None) -> int:
    """What breaks equal `ts`: a function of the event's sensor and seq, never of arrival."""
    return (crc32((sensor or "").encode("utf-8", "replace")) & 0x7FFF) << 48 | (
        (seq or 0) & 0xFFFF_FFFF_FFFF
    )
