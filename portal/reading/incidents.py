"""Incidents: alerts that share accounts, machines or tickets, joined when they are asked for.

Alerts that people found harmless are left out, and what everybody shares joins nothing: domain controllers,
machines that lists call shared, accounts that are the same in every domain.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypedDict

import msgspec

from dsl.schema.enums import SEVERITY
from engine import incidents as joining
from engine.entities_wellknown import DOMAIN_RIDS
from engine.incidents import Incident, Part, Sign, crowdless
from engine.store.desk import Filter
from engine.tuning.candidates import Roles
from portal.chain import PHASES
from portal.reading import alerts
from portal.reading.alerts import AlertLine  # noqa: TC001 - read at run time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dsl.plan import DetectionPlan
    from engine.status import Status
    from portal.reading.sources import Sources

_LOOKED_AT: Final = 1_000
"""So many of the newest alerts are joined: they are read with their evidence."""
_SHARED_LISTS: Final = ("shared_sources", "jump_hosts", "load_balancers")
_OF_EVERY_DOMAIN: Final = frozenset(
    {p.name for rid, p in DOMAIN_RIDS.items() if p.kind == "account" and rid != 500}
    | {"anonymous logon", "system", "local service", "network service", "nobody"}
)
_TICKETS: Final = ("ticket_hash", "tgt_hash", "additional_ticket_hash")


class TakesPart(TypedDict):
    """As what an entity is in an alert."""

    number: int
    roles: list[str]


class Member(TypedDict):
    """An entity that joins alerts, and in which of them."""

    entity: str
    kind: str
    alerts: list[TakesPart]


class Together(TypedDict):
    """Why two alerts are together: the entity that both have, its role in each, how certainly it is the
    same, and the seconds between them.
    """

    earlier: int
    later: int
    entity: str
    kind: str
    roles: list[str]
    certainty: str | None
    apart_seconds: float


class IncidentLine(TypedDict):
    """An incident in a list. `number`: of its first alert; `phases` passed, in their order; `open`: how many
    of its `alerts` are open.
    """

    number: int
    severity: str
    phases: list[str]
    first_seen: str
    last_seen: str
    alerts: int
    open: int
    accounts: list[str]
    hosts: list[str]


class IncidentDetail(IncidentLine):
    """With its alerts in the order in which they began, who joins them, and why each is with another."""

    members: list[Member]
    chain: list[AlertLine]
    together: list[Together]


class _Tickets(msgspec.Struct):
    ticket_hash: str | None = None
    tgt_hash: str | None = None
    additional_ticket_hash: str | None = None


class _Told(msgspec.Struct):
    """What is read of an alert to join it."""

    detection: str
    first_seen: str
    last_seen: str
    roles: dict[str, object]
    source_certainty: str | None = None
    varied: dict[str, list[object]] = {}
    evidence: list[_Tickets] = []


_told = msgspec.json.Decoder(_Told)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Rows = dict[int, tuple[dict[str, object], str]]


def listed(sources: Sources, most: int) -> list[IncidentLine]:
    """The newest of them. Raises ReadError."""
    rows, signs = _read(sources)
    found = joining.incidents(signs.values(), _everybodys(sources))
    return [_line(one, rows, signs) for one in found[:most]]


def one(sources: Sources, number: int) -> IncidentDetail | None:
    """The incident that an alert is in; None where it stands alone, or is none. Raises ReadError."""
    rows, signs = _read(sources)
    everybodys = _everybodys(sources)
    for found in joining.incidents(signs.values(), everybodys):
        if number in found.numbers:
            return {
                **_line(found, rows, signs),
                "members": _members(found, signs),
                "chain": [alerts.line(*rows[n]) for n in found.numbers],
                "together": [
                    {
                        "earlier": link.earlier, "later": link.later, "entity": link.entity,
                        "kind": link.kind, "roles": list(link.roles), "certainty": link.certainty,
                        "apart_seconds": link.apart / 1_000_000,
                    }
                    for link in found.links
                ],
            }  # fmt: skip
    return None


def _read(sources: Sources) -> tuple[_Rows, dict[int, Sign]]:
    status = sources.status()
    with sources.desk() as desk:
        page = desk.page(Filter(status=("open", "closed")), _LOOKED_AT)
    rows = {
        int(str(stands["number"])): (stands, text)
        for stands, text in page
        if stands["verdict"] in (None, "true_positive")
    }
    return rows, {n: _sign(status, n, text) for n, (_, text) in rows.items()}


def _sign(status: Status, number: int, text: str) -> Sign:
    told = _told.decode(text)
    rule = status.rules.get(told.detection)
    kinds = {"actor": "account", "source": "host"} if rule is None else _kinds(rule.plan)
    parts = crowdless((*_named(told, kinds), *_shown_tickets(told)))
    return Sign(number, _micros(told.first_seen), _micros(told.last_seen), parts)


def _named(told: _Told, kinds: Mapping[str, str]) -> Iterator[Part]:
    for role, kind in kinds.items():
        value = told.roles.get(role)
        values = [*(value if isinstance(value, list) else [value]), *told.varied.get(role, ())]
        certainty = told.source_certainty if role == "source" else None
        for name in dict.fromkeys(v.lower() for v in values if isinstance(v, str) and v):
            if kind == "account":
                yield Part(name, "account", role)
            elif name.startswith(("ip:", "name:")):
                yield Part(name, "unnamed", role, certainty)
            else:
                yield Part(name, "host", role, certainty)


def _shown_tickets(told: _Told) -> Iterator[Part]:
    for field in _TICKETS:
        for one in told.evidence:
            if (ticket := getattr(one, field)) is not None:
                yield Part(f"ticket:{ticket[:16]}", "ticket", field)


@lru_cache(maxsize=512)
def _kinds(plan: DetectionPlan) -> dict[str, str]:
    """Roles of a detection that are accounts and hosts."""
    types = Roles(plan).types
    return {role: t.kind for role, t in types.items() if t.kind in ("account", "host")}


def _everybodys(sources: Sources) -> Callable[[str], bool]:
    now = sources.clock()
    lists = {one.name: one.entries for one in sources.status().in_force.lists}
    shared = {
        entry.value.lower()
        for name in _SHARED_LISTS
        for entry in lists.get(name, ())
        if entry.expires is None or entry.expires > now
    }
    with sources.reads.reading() as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT key, account FROM dir_object WHERE kind = 'host' "
            "AND list_has_any(tags, ['dc', 'rodc'])"
        ).fetchall()
    shared.update(name for row in rows for name in row if name)
    return lambda entity: entity in shared or entity.partition("@")[0] in _OF_EVERY_DOMAIN


def _line(found: Incident, rows: _Rows, signs: Mapping[int, Sign]) -> IncidentLine:
    chain = [alerts.line(*rows[n]) for n in found.numbers]
    passed = {a["kill_chain"] for a in chain}
    parts = [p for n in found.numbers for p in signs[n].parts]
    joined = {link.entity for link in found.links}
    named = sorted({p for p in parts if p.entity in joined}, key=lambda p: p.role != "actor")
    return {
        "number": found.numbers[0],
        "severity": max((a["severity"] for a in chain), key=SEVERITY.index),
        "phases": [p for p in PHASES if p in passed] + sorted(passed.difference(PHASES)),
        "first_seen": min(a["first_seen"] for a in chain),
        "last_seen": max(a["last_seen"] for a in chain),
        "alerts": len(chain),
        "open": sum(a["status"] == "open" for a in chain),
        "accounts": list(dict.fromkeys(p.entity for p in named if p.kind == "account")),
        "hosts": list(dict.fromkeys(p.entity for p in named if p.kind in ("host", "unnamed"))),
    }


def _members(found: Incident, signs: Mapping[int, Sign]) -> list[Member]:
    members: dict[str, Member] = {}
    joined = {link.entity for link in found.links}
    for number in found.numbers:
        roles: dict[str, list[str]] = {}
        for part in signs[number].parts:
            if part.entity in joined:
                members.setdefault(
                    part.entity, {"entity": part.entity, "kind": part.kind, "alerts": []}
                )
                roles.setdefault(part.entity, []).append(part.role)
        for entity, named in roles.items():
            members[entity]["alerts"].append({"number": number, "roles": named})
    return sorted(members.values(), key=lambda m: (-len(m["alerts"]), m["entity"]))


def _micros(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
