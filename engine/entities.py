"""The directory as of a time: names made canonical, and what is known of each entity.

Declared facts come from a directory file or sync, learnt ones from events (`entities_passive`).
Declared facts win. What changed is handed to the store as interval rows (`take_rows`); rules read
those. Canonical identities: accounts and groups `name@dns.domain`, hosts their DNS name, else
`ip:…`, else `name:…`; all in lower case.

Knows no event types and no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.entities_addresses import Addresses
from engine.entities_intervals import in_turn, intervals
from engine.entities_names import parse_host
from engine.entities_resolve import Names
from engine.entities_roles import Part, Roles
from engine.entities_rows import (
    DirAddress,
    DirChange,
    DirDomain,
    DirectoryRows,
    DirMember,
    DirNetwork,
    DirObject,
    DirSpn,
)
from engine.entities_wellknown import NO_DOMAIN, well_known_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_RENAMES: Final = 16
"""Most names remembered of one SID; the oldest go first."""


class Directory(Names):
    """Entities by key. One instance serves the engine; it is not thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses = Addresses()
        self.roles = Roles()
        self.declares_controllers = False
        """Whether a directory names the domain controllers: then none is learnt from the wire."""
        self._declared: dict[str, list[DirObject]] = {}
        """By key in time; usually one, valid for ever."""
        self._learnt: dict[str, DirObject] = {}
        self._networks: list[DirNetwork] = []
        self._learnt_domains: dict[str, DirDomain] = {}
        self._learnt_sids: dict[str, str] = {}
        self._rows = DirectoryRows()
        self._changed_from: int | None = None
        self._unsaved: set[tuple[str, str]] = set()

    # --- declared ---------------------------------------------------------------------------------

    def declare_domain(self, domain: DirDomain) -> None:
        """A domain of the directory; learnt knowledge of it is kept where this one is silent."""
        self._add_domain(domain)

    def declare(self, item: DirObject) -> None:
        """An object as the directory has it, for the interval it gives."""
        item = self._enriched(item)
        known = self._declared.setdefault(item.key, [])
        known.append(item)
        known.sort(key=lambda i: i.valid_from)
        self._index(item)
        if item.kind == "host" and "dc" in item.tags:
            self.declares_controllers = True
        self._touch(item.key)

    def declare_member(self, member: DirMember) -> None:
        """A membership, transitive ones too."""
        self._rows.groups.add(member.group_key)
        self._rows.members.append(member)

    def declare_upn(self, upn: str, key: str) -> None:
        """A user principal name and its account; it need not look like the account's name."""
        self._alias(upn, key)

    def declare_spn(self, spn: DirSpn) -> None:
        """A service principal name and its account."""
        self._spns[spn.spn] = spn.account
        self._rows.spns.append(spn)

    def declare_network(self, network: DirNetwork) -> None:
        """A tag of a whole network."""
        self._networks.append(network)
        self.addresses.declare_network(network.tag, network.network)
        self._rows.networks.append(network)

    def declare_change(self, change: DirChange) -> None:
        """An attribute changed at a time."""
        self._rows.changes.append(change)

    # --- names ------------------------------------------------------------------------------------

    def host(self, raw: str, ts: int) -> str | None:
        """The canonical form of a host as of a time; None where the text names nothing."""
        seen = parse_host(raw)
        if seen is None:
            return None
        if seen.ip is not None:
            held = self.addresses.at(seen.ip, ts)
            return held.host if held else f"ip:{seen.ip}"
        if seen.dns is not None:
            return seen.dns
        return self.host_named(seen.netbios or "") or f"name:{seen.netbios}"

    def domain_of_host(self, host: str) -> str | None:
        """The domain a host belongs to, by the directory or by its DNS suffix."""
        item = self.get(host)
        if item is not None and item.domain:
            return item.domain
        suffix = host.partition(".")[2]
        while suffix:
            if suffix in self.domains:
                return suffix
            suffix = suffix.partition(".")[2]
        return None

    # --- learnt -----------------------------------------------------------------------------------

    def learn_domain(self, name: str, netbios: str | None = None, sid: str | None = None) -> bool:
        """A domain was proved by what a domain controller answered; True where that is news."""
        have = self.domains.get(name)
        domain = DirDomain(
            name,
            netbios=(have.netbios if have else None) or (netbios.lower() if netbios else None),
            sid=(have.sid if have else None) or sid,
            ticket_lifetime=have.ticket_lifetime if have else None,
        )
        if have == domain:
            return False
        self._learnt_domains[name] = domain
        self._unsaved.add(("domain", name))
        self._add_domain(domain)
        return True

    def learn_sid(self, sid: str, key: str) -> bool:
        """A name and a SID stood side by side in one record."""
        if sid in self._sids or sid in NO_DOMAIN or "@" not in key:
            return False
        self._sids[sid] = self._learnt_sids[sid] = key
        self._unsaved.add(("sid", sid))
        return True

    def learn_rename(self, sid: str, key: str, ts: int) -> bool:
        """The account of a SID has another name from `ts` on; a declared one bears its own."""
        known = self._renames.get(sid, [])
        if self._sids.get(sid) in self._declared or (ts, key) in known:
            return False
        self._renames[sid] = sorted([*known, (ts, key)])[-_RENAMES:]
        self._unsaved.add(("rename", sid))
        return True

    def learn(self, item: DirObject) -> bool:
        """An object was seen alive; declared ones and what is known already stay as they are."""
        if item.key in self._declared or item.key in self._learnt:
            return False
        item = self._learnt[item.key] = self._enriched(item)
        self._unsaved.add(("object", item.key))
        self._index(item)
        self._touch(item.key)
        return True

    def learn_role(self, key: str, kind: str, ts: int) -> bool:
        """Evidence that a host is a domain controller; it holds for its host name or address and
        for its computer account too.
        """
        if self.declares_controllers or key in self._declared:
            return False
        changed = self.roles.learn(key, kind, ts)
        if changed:
            part = self.roles.get(key)
            if part is not None:
                self._dirty_from(part.since)
            self._touch(key)
            self._unsaved.add(("part", key))
        return changed

    def end_role(self, key: str, ts: int) -> None:
        """The address of a learnt domain controller belongs to another host from here on."""
        if self.roles.end(key, ts):
            self._dirty_from(ts)
            self._touch(key)
            self._unsaved.add(("part", key))

    # --- as of a time -----------------------------------------------------------------------------

    def get(self, key: str) -> DirObject | None:
        """What is known of an entity, declared before learnt, without learnt parts."""
        return self._declared[key][-1] if key in self._declared else self._learnt.get(key)

    def is_dc(self, host: str, ts: int) -> bool:
        """Whether a host was a domain controller then."""
        if host in self._declared:
            return any(
                i.valid_from <= ts < i.valid_to and "dc" in i.tags for i in self._declared[host]
            )
        return self.roles.serves(host, ts)

    def domain_controllers(self) -> list[tuple[str, int, str, tuple[str, ...]]]:
        """(host, since, certainty, evidence) of every domain controller, for people to check."""
        found: list[tuple[str, int, str, tuple[str, ...]]] = [
            (item.key, item.valid_from, "high", ("directory",))
            for items in self._declared.values()
            for item in items
            if item.kind == "host" and "dc" in item.tags
        ]
        found += [
            (key, part.since, part.certainty, tuple(sorted(part.kinds)))
            for key, part in self.roles.all().items()
            if "@" not in key
        ]
        return sorted(found)

    # --- hand over --------------------------------------------------------------------------------

    def take_rows(self) -> DirectoryRows | None:
        """Rows the store lacks; None if nothing changed since the last call."""
        rows = self._rows
        rows.ips |= self.addresses.changed
        for ip in self.addresses.changed:
            rows.addresses.extend(self.addresses.rows(ip))
        nat = self.addresses.nat_since()
        if self.addresses.changed & nat.keys():
            rows.networks += [DirNetwork("nat", ip, since) for ip, since in nat.items()]
        if rows.networks:
            tags = {n.tag for n in rows.networks}
            rows.networks += [n for n in self._networks if n.tag in tags and n not in rows.networks]
        self.addresses.changed = set()
        rows.objects.extend(row for key in sorted(rows.keys) for row in self._object_rows(key))
        if rows == DirectoryRows():
            return None
        self._rows = DirectoryRows()
        return rows

    def take_changed_from(self) -> int | None:
        """Earliest time for which answers about domain controllers changed since the last call."""
        changed, self._changed_from = self._changed_from, None
        return changed

    def take_learnt(self) -> dict[str, str]:
        """What was learnt since the last call, as JSON by `<kind>/<key>`, for `restore`."""
        unsaved = {
            f"address/{ip}": _json(self.addresses.learnt(ip)) for ip in self.addresses.unsaved
        }
        self.addresses.unsaved = set()
        for kind, key in self._unsaved:
            values: dict[str, object] = {
                "domain": self._learnt_domains.get(key),
                "sid": self._learnt_sids.get(key),
                "rename": self._renames.get(key),
                "object": self._learnt.get(key),
                "part": self.roles.get(key),
            }
            unsaved[f"{kind}/{key}"] = _json(values[kind])
        self._unsaved = set()
        return unsaved

    def restore(self, learnt: Mapping[str, str]) -> None:
        """Take up what `take_learnt` gave. Call it after the directory was declared: that wins."""
        by_kind: dict[str, dict[str, str]] = {}
        for name, value in learnt.items():
            kind, _, key = name.partition("/")
            by_kind.setdefault(kind, {})[key] = value
        for value in by_kind.get("domain", {}).values():
            domain = msgspec.json.decode(value, type=DirDomain)
            self.learn_domain(domain.name, domain.netbios, domain.sid)
        for sid, value in by_kind.get("sid", {}).items():
            self.learn_sid(sid, msgspec.json.decode(value, type=str))
        for sid, value in by_kind.get("rename", {}).items():
            for ts, key in msgspec.json.decode(value, type=list[tuple[int, str]]):
                self.learn_rename(sid, key, ts)
        for value in by_kind.get("object", {}).values():
            self.learn(msgspec.json.decode(value, type=DirObject))
        for ip, value in by_kind.get("address", {}).items():
            rows, nat = msgspec.json.decode(value, type=tuple[list[DirAddress], int | None])
            self.addresses.restore(ip, rows, nat)
        for key, value in by_kind.get("part", {}).items():
            if not self.declares_controllers and key not in self._declared:
                self.roles.restore(key, msgspec.json.decode(value, type=Part))
                self._touch(key)
        # Rules were judged by this knowledge before the restart: nothing is news.
        self._changed_from = None
        self.take_learnt()

    def _object_rows(self, key: str) -> Iterable[DirObject]:
        if key in self._declared:
            return in_turn(self._declared[key])
        return intervals(key, self._learnt.get(key), self.roles.get(key))

    def _touch(self, key: str) -> None:
        self._rows.keys.add(key)

    def _dirty_from(self, ts: int) -> None:
        self._changed_from = ts if self._changed_from is None else min(ts, self._changed_from)

    def _add_domain(self, domain: DirDomain) -> None:
        self.domains[domain.name] = domain
        if domain.netbios:
            self._netbios[domain.netbios.lower()] = domain.name
        if domain.sid:
            self._domain_sids[domain.sid] = domain.name
        self._rows.domains.append(domain)
        for who in well_known_groups():
            key = f"{who.name}@{domain.name}"
            plain = DirObject(key=key, kind="group", name=who.name, domain=domain.name)
            if key in self._declared:
                self._declared[key] = [self._enriched(item) for item in self._declared[key]]
            else:
                self._learnt[key] = self._enriched(plain)
            self._touch(key)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
