"""Which witness of an activity is the counted one: the stamp `primary`, given once at ingest.

The same logon may be seen on the wire, in 4776 and in 8004. For each (server, activity) the best
witness that is alive at an event's time counts; the others enrich. A witness is alive from its
first event until its sensor reports silence, kept as intervals, so that a replay over the same
table gives the same stamps. Ranks: design, events, "Counting rule". Knows no store and no names.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.ntlm import NtlmAuth
from dsl.schema.registry import event_type
from engine.entities_rows import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.base import Event

_WIRE_FIRST: Final = ("wire", "zeek", "etw", "event", "adws", "syslog", "radius", "engine", "sync")
_RECORD_FIRST: Final = (
    "event",
    "etw",
    "wire",
    "zeek",
    "adws",
    "syslog",
    "radius",
    "engine",
    "sync",
)
_RANKS: Final[dict[str, tuple[str, ...]]] = {
    # 4776 is what the controller validated, whoever carried it; 8004 repeats it with the server.
    "ntlm_auth": ("event_4776", "netlogon", "wire", "zeek", "etw", "event_8004", "event", "syslog"),
    "directory_change": ("event", "wire", "adws", "sync"),
    "group_change": ("event_47", "event", "wire", "adws", "sync"),
    "account_change": ("event_47", "event", "wire", "adws", "sync"),
    "service_install": ("event_4697", "event_7045", "event", "wire"),
    "task_create": ("event", "wire"),
    "gpo_change": ("wire", "sync", "event"),
    "vpn_session": ("radius", "wire", "zeek", "syslog", "event"),
}
_WIRE_TYPES: Final = frozenset(
    {
        "kerberos_as", "kerberos_tgs", "kerberos_ap", "ldap_bind", "ldap_search", "rpc_bind",
        "rpc_call", "samr_query", "replication", "netlogon_secure", "smb_session", "smb_file",
        "smb_transform", "dns_query",
    }
)  # fmt: skip


_MOST_WORDS: Final = 4_096
"""Types with words of `via` that are remembered: records may bring any word."""


class Span(msgspec.Struct):
    """A witness's sensor was alive in [begin, end)."""

    begin: int
    end: int = FOREVER


Sensors = dict[str, dict[str, list[Span]]]
"""Witness -> sensor -> spans in time."""
Table = dict[tuple[str, str], Sensors]
"""(server, activity) -> who witnessed it."""


class Witnesses:
    """The table of witnesses, filled from events and from what sensors say of their health."""

    def __init__(self) -> None:
        self.table: Table = {}
        self.changed = False
        """Whether the table changed since it was saved; the reader resets it."""

    def observe(self, events: Iterable[Event]) -> None:
        """Note who is alive. Call it with a whole batch before `primary`, names resolved."""
        for event in events:
            witness = witness_of(event)
            for key in _keys(event):
                try:
                    spans = self.table[key][witness][event.sensor or ""]
                except KeyError:
                    sensors = self.table.setdefault(key, {}).setdefault(witness, {})
                    spans = sensors.setdefault(event.sensor or "", [])
                if not spans or not spans[0].begin <= event.ts < spans[-1].end:
                    self.changed |= _alive(spans, event.ts)

    def silence(self, sensor: str, activity: str | None, begin: int, end: int | None) -> None:
        """A sensor saw nothing of an activity (None: of any) in [begin, end); None: until its
        next event.
        """
        for (_, kind), witnesses in self.table.items():
            if activity not in (None, "*", kind):
                continue
            for sensors in witnesses.values():
                if sensor in sensors:
                    sensors[sensor] = _without(sensors[sensor], begin, end)
                    self.changed = True

    def primary(self, event: Event) -> bool:
        """Whether the event's witness is the best one alive for its server and activity then."""
        kind, witness = event_type(event), witness_of(event)
        better = _better(kind, witness)
        if not better:
            return True
        key = (event.dc or "", kind)
        if isinstance(event, NtlmAuth) and witness == "wire" and not event.dst_is_dc:
            # A member server asks some controller of its domain, whose 4776 then counts.
            key = (_domain_key(event), kind)
        if not key[0] and witness == "etw":
            # A client's trace does not name the server: any better witness may have seen it too.
            keys = [k for k in self.table if k[1] == kind and not k[0].startswith("@")]
        else:
            keys = [key]
        return not any(
            span.begin <= event.ts < span.end
            for known in (self.table.get(k, {}) for k in keys)
            for name in better
            for spans in known.get(name, {}).values()
            for span in spans
        )


def witness_of(event: Event) -> str:
    """The class of witness that an event's `via` belongs to, a word of its activity's ranks."""
    if isinstance(event, NtlmAuth) and event.via == "wire" and event.logon_type is not None:
        return "netlogon"
    return _witness(event_type(event), event.via or "engine")


@lru_cache(_MOST_WORDS)
def _witness(kind: str, via: str) -> str:
    for name in _ranks(kind):
        if via == name or (name.startswith("event") and via.startswith(name)):
            return name
    return "event" if via.startswith("event_") else via


def rank(event: Event) -> int:
    """The place of an event's witness among those of its activity, 0 for the best."""
    ranks, witness = _ranks(event_type(event)), witness_of(event)
    return ranks.index(witness) if witness in ranks else len(ranks)


def _ranks(kind: str) -> tuple[str, ...]:
    return _RANKS.get(kind, _WIRE_FIRST if kind in _WIRE_TYPES else _RECORD_FIRST)


@lru_cache(_MOST_WORDS)
def _better(kind: str, witness: str) -> tuple[str, ...]:
    ranks = _ranks(kind)
    return ranks[: ranks.index(witness)] if witness in ranks else ranks


def _keys(event: Event) -> list[tuple[str, str]]:
    keys = [(event.dc or "", event_type(event))]
    if isinstance(event, NtlmAuth) and event.via == "event_4776":
        keys.append((_domain_key(event), keys[0][1]))
    return keys


def _domain_key(event: Event) -> str:
    # "@" cannot stand in a host name, so a domain never meets a server.
    return f"@{event.domain or ''}"


def _alive(spans: list[Span], ts: int) -> bool:
    if not spans or ts >= spans[-1].end:
        spans.append(Span(ts))
    elif ts < spans[0].begin:
        spans[0].begin = ts
    else:
        return False
    return True


def _without(spans: list[Span], begin: int, end: int | None) -> list[Span]:
    kept = []
    for span in spans:
        if span.end <= begin or (end is not None and span.begin >= end):
            kept.append(span)
            continue
        if span.begin < begin:
            kept.append(Span(span.begin, begin))
        if end is not None and span.end > end:
            kept.append(Span(end, span.end))
    return kept
