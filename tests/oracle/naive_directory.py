"""What the directory, lists and coverage say as of a time: lists of interval rows, searched.

The rows are those of `engine.entities_rows` and `engine.lists`, the contract of the store; how they
come to be is not asked here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsl import plan
from engine.entities_rows import DirectoryRows, DirObject
from engine.lists import ListRow

HOURS_4 = 4 * 3_600_000_000
PROTECTED_USERS = 525
FOLDED = {"account", "host", "group", "service"}


def holds(row: Any, ts: int) -> bool:
    return row.valid_from <= ts < row.valid_to


@dataclass
class World:
    """What lies outside the rows: directory, lists by name, and when sources were silent: event
    type -> intervals [begin, end)."""

    directory: DirectoryRows = field(default_factory=DirectoryRows)
    lists: Mapping[str, Sequence[ListRow]] = field(default_factory=dict)
    silent: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)

    def covered(self, events: Sequence[str], low: int, high: int) -> bool:
        """Whether sources of all types were alive in all of [low, high)."""
        return not any(
            begin < high and low < end for e in events for begin, end in self.silent.get(e, ())
        )

    def observed_since(self, events: Iterable[str]) -> int:
        """The first time at which a source of any of the types was alive."""
        return min(self._first_alive(e) for e in events)

    def _first_alive(self, event: str) -> int:
        first = 0
        for begin, end in sorted(self.silent.get(event, ())):
            if begin <= first < end:
                first = end
        return first

    # --- lists ------------------------------------------------------------------------------------

    def entries(self, name: str, ts: int) -> list[ListRow]:
        return [e for e in self.lists.get(name, ()) if holds(e, ts)]

    def listed(self, name: str, value: Any, kind: str, ts: int) -> bool:
        """Whether a list holds a value; lists ignore case, an ip lies in one of the networks."""
        entries = self.entries(name, ts)
        if kind == "ip":
            address = ipaddress.ip_address(value)
            nets = [ipaddress.ip_network(e.value, strict=False) for e in entries if e.kind == "ip"]
            return any(address in n for n in nets if n.version == address.version)
        text = value.hex() if isinstance(value, bytes) else str(value)
        return text.lower() in {e.value for e in entries}

    # --- the directory ----------------------------------------------------------------------------

    def objects(self, ts: int, *kinds: str) -> Iterator[DirObject]:
        return (o for o in self.directory.objects if holds(o, ts) and o.kind in kinds)

    def object(self, kind: str, key: str | None, ts: int) -> DirObject | None:
        """Accounts and groups share one name space."""
        kinds = ("host",) if kind == "host" else ("account", "group")
        return next((o for o in self.objects(ts, *kinds) if o.key == key), None)

    def tagged(self, kind: str, key: str | None, ts: int, *tags: str) -> bool:
        """What a host is tagged with counts for its computer account too."""
        found = self.object(kind, key, ts)
        if found is None:
            return False
        if kind != "host" and found.host and self.tagged("host", found.host, ts, *tags):
            return True
        return any(t in found.tags for t in tags)

    def alive(self, kind: str, key: str, ts: int) -> bool:
        found = self.object(kind, key, ts)
        return found is not None and (found.deleted is None or ts < found.deleted)

    def member_of(self, key: str | None, ts: int, /, **group: Any) -> bool:
        """Whether a membership holds in a group with these attributes (`key`, `name`, `rid`)."""
        for link in self.directory.members:
            if link.member_key != key or not holds(link, ts):
                continue
            if group.get("key") == link.group_key:
                return True
            found = next((g for g in self.objects(ts, "group") if g.key == link.group_key), None)
            if found and "rid" in group and found.rid == group["rid"]:
                return True
            if found and "name" in group and (found.name or "").lower() == group["name"].lower():
                return True
        return False

    def changed(self, key: str, ts: int, span: int, attribute: str) -> bool:
        return any(
            c.key == key and c.attribute.lower() == attribute.lower() and ts - span <= c.ts <= ts
            for c in self.directory.changes
        )

    def hosts_at(self, ip: str, ts: int) -> list[Any]:
        found = [a for a in self.directory.addresses if a.ip == ip and holds(a, ts)]
        return sorted(found, key=lambda a: a.valid_from)

    def address_tagged(self, ip: str, ts: int, tag: str) -> bool:
        by_host = any(self.tagged("host", a.host, ts, tag) for a in self.hosts_at(ip, ts))
        return by_host or self.listed(f"tag:{tag}", ip, "ip", ts)

    # --- what expressions ask ---------------------------------------------------------------------

    def attribute(self, kind: str, key: str | None, name: str, ts: int) -> Any:
        found = None if key is None else self.object(kind, key, ts)
        if found is None:
            return None
        if name == "age":
            return None if found.created is None else ts - found.created
        if name == "sensitive":
            return found.sensitive or "sensitive" in found.tags
        value = getattr(found, name)
        return list(value) if isinstance(value, tuple) else value

    def call(self, call: plan.Call, given: list[Any], ts: int) -> Any:
        """A function marked `as_of`."""
        first = given[0] if given else None
        kind = call.arguments[0].type
        if call.function in IS:
            keys = first if kind.many else [first]
            return any(
                IS[call.function](self, kind.kind, k, ts) for k in keys or () if k is not None
            )
        if call.function == "member_of":
            if None in given:
                return False
            column = call.arguments[1].type.kind == "group" and not isinstance(
                call.arguments[1], plan.Lit
            )
            named = {} if column else {"name": given[1]}
            return self.member_of(first, ts, key=given[1].lower(), **named)
        if call.function in TOTAL:
            return first is not None and TOTAL[call.function](self, first, ts)
        return None if None in given else ASKED[call.function](self, ts, kind.kind, *given)


def account_of(world: World, ts: int, text: str) -> str | None:
    r"""A living account by its canonical name, else `name` or `DOMAIN\name`, else its SID."""
    qualifier, _, bare = text.lower().rpartition("\\")
    domains = [
        d.name
        for d in world.directory.domains
        if qualifier in ("", d.name, (d.netbios or "").lower())
    ]
    living = [o for o in world.objects(ts, "account") if world.alive("account", o.key, ts)]
    for meant in (
        lambda o: o.key == text.lower(),
        lambda o: o.key in [f"{bare}@{d}" for d in domains],
        lambda o: o.sid == text.upper(),
    ):
        found = [o.key for o in living if meant(o)]
        if found:
            return min(found)
    return None


def host_named(world: World, ts: int, text: str) -> str | None:
    low = text.lower()
    names = [low, *(f"{low}.{d.name}" for d in world.directory.domains)]
    living = [o.key for o in world.objects(ts, "host") if world.alive("host", o.key, ts)]
    return next((n for n in names if n in living), None)


def same_machine(world: World, ts: int, _: str, one: str, other: str) -> bool:
    hosts = [{a.host for a in world.hosts_at(ip, ts)} for ip in (one, other)]
    return one == other or bool(hosts[0] & hosts[1])


def rid_group(world: World, ts: int, kind: str, key: str, rid: Any) -> str | None:
    found = world.object(kind, key, ts)
    sid = None if found is None else found.domain_sid
    groups = [
        g.key for g in world.objects(ts, "group") if g.rid == int(rid) and g.domain_sid == sid
    ]
    return min(groups, default=None) if sid else None


def protected(world: World, ts: int, key: str) -> bool:
    return world.member_of(key, ts, rid=PROTECTED_USERS)


def ticket_lifetime(world: World, ts: int, kind: str, key: str) -> int | None:
    found = world.object(kind, key, ts)
    domain = None if found is None else found.domain
    policy = [d.ticket_lifetime for d in world.directory.domains if d.name == domain]
    known = [p for p in policy if p is not None] + [HOURS_4] * protected(world, ts, key)
    return min(known, default=None)


def cannot_delegate(world: World, ts: int, kind: str, key: str) -> bool | None:
    found = world.object(kind, key, ts)
    if found is None:
        return None
    return "not_delegated" in found.uac or protected(world, ts, key)


def population(world: World, _: int, __: str, kind: str, domain: str, at: int) -> int:
    return sum(
        o.domain == domain.lower() and world.alive(kind, o.key, at) for o in world.objects(at, kind)
    )


def is_zone(world: World, text: str) -> bool:
    low = text.lower()
    names = [d.name for d in world.directory.domains]
    return any(n == low or low.endswith("." + n) or n.endswith("." + low) for n in names)


IS = {
    "is_dc": lambda w, kind, key, ts: w.tagged(kind, key, ts, "dc", "rodc"),
    "is_rodc": lambda w, kind, key, ts: w.tagged(kind, key, ts, "rodc"),
    "is_dns_server": lambda w, kind, key, ts: w.tagged(kind, key, ts, "dns_server"),
    "is_delegate": lambda w, kind, key, ts: w.tagged(kind, key, ts, "delegate"),
    "is_honeytoken": lambda w, kind, key, ts: w.tagged(kind, key, ts, "honeytoken"),
    "is_sensitive": lambda w, kind, key, ts: w.attribute(kind, key, "sensitive", ts) is True,
    "is_admin": lambda w, kind, key, ts: w.attribute(kind, key, "admin", ts) is True,
    "is_computer": lambda w, kind, key, ts: (
        w.attribute(kind, key, "computer", ts) is True or key.partition("@")[0].endswith("$")
    ),
}
TOTAL = {
    "is_nat": lambda w, ip, ts: (
        len({a.host for a in w.hosts_at(ip, ts) if a.certainty == "high"}) > 1
        or w.address_tagged(ip, ts, "nat")
    ),
    "in_vpn_pool": lambda w, ip, ts: w.address_tagged(ip, ts, "vpn_pool"),
    "is_foreign": lambda w, text, ts: all(
        text.lower() not in (d.name, (d.netbios or "").lower()) for d in w.directory.domains
    ),
    "is_internal_zone": lambda w, text, ts: is_zone(w, text),
}
ASKED = {
    "honeytokens": lambda w, ts, kind, keys: [
        k for k in keys if w.tagged("account", k, ts, "honeytoken")
    ],
    "exists": lambda w, ts, kind, key: (
        account_of(w, ts, key) is not None if kind == "text" else w.alive(kind, key, ts)
    ),
    "exists_host": lambda w, ts, kind, text: host_named(w, ts, text) is not None,
    "deleted_within": lambda w, ts, kind, key, span: any(
        o.key == key and o.kind == "account" and o.deleted and ts - span <= o.deleted <= ts
        for o in w.directory.objects
    ),
    "renamed_within": lambda w, ts, kind, key, span: w.changed(key, ts, span, "sAMAccountName"),
    "changed_within": lambda w, ts, kind, key, what, span: w.changed(key, ts, span, what),
    "account_of": lambda w, ts, kind, text: account_of(w, ts, text),
    "host_named": lambda w, ts, kind, text: host_named(w, ts, text),
    "host_of_account": lambda w, ts, kind, key: w.attribute("account", key, "host", ts),
    "host_of": lambda w, ts, kind, ip: w.hosts_at(ip, ts)[-1].host if w.hosts_at(ip, ts) else None,
    "rid_group": rid_group,
    "same_machine": same_machine,
    "ticket_lifetime": ticket_lifetime,
    "cannot_delegate": cannot_delegate,
    "silo_hosts": lambda w, ts, kind, silo: [
        o.host for o in w.objects(ts, "account") if o.silo == silo and o.host
    ],
    "population": population,
}
