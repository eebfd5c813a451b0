"""The directory as of a time: names made canonical, and what is known of each entity.

Declared facts come from a directory file or sync, learnt ones from events (`entities_passive`).
Declared facts win. What changed is handed to the store as interval rows (`take_rows`); rules read
those. Canonical identities: accounts and groups `name@dns.domain`, hosts their DNS name, else
`ip:…`, else `name:…`; all in lower case.

Knows no event types and no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.entities_addresses import Addresses
from engine.entities_intervals import in_turn, intervals
from engine.entities_names import dn_domain, parse_account, parse_host, rdn_value
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
from engine.entities_wellknown import (
    BUILTIN_RIDS,
    NO_DOMAIN,
    principal,
    split_sid,
    well_known_groups,
    well_known_named,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOCAL_WORDS = frozenset({".", "workgroup", "localhost"})
"""Domain texts by which a client means the server's own accounts."""


class Directory:
    """Entities by key. One instance serves the engine; it is not thread-safe."""

    def __init__(self) -> None:
        self.domains: dict[str, DirDomain] = {}
        self.addresses = Addresses()
        self.roles = Roles()
        self.declares_controllers = False
        """Whether a directory names the domain controllers: then none is learnt from the wire."""
        self._netbios: dict[str, str] = {}
        self._domain_sids: dict[str, str] = {}
        self._declared: dict[str, list[DirObject]] = {}
        """By key in time; usually one, valid for ever."""
        self._learnt: dict[str, DirObject] = {}
        self._sids: dict[str, str] = {}
        self._dns: dict[str, str] = {}
        self._host_names: dict[str, str] = {}
        self._spns: dict[str, str] = {}
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

    def declare_spn(self, spn: DirSpn) -> None:
        """A service principal name and its account."""
        self._spns[spn.spn] = spn.account
        self._rows.spns.append(spn)

    def declare_network(self, network: DirNetwork) -> None:
        """A tag of a whole network."""
        self._networks.append(network)
        self._rows.networks.append(network)

    def declare_change(self, change: DirChange) -> None:
        """An attribute changed at a time."""
        self._rows.changes.append(change)

    # --- names ------------------------------------------------------------------------------------

    def account(self, raw: str, *, domain: str | None = None, machine: str | None = None) -> str:
        """The canonical form of an account or group.

        `domain` is the domain in whose name the server answered, if it is a domain controller;
        `machine` the server, if it is none: a bare name then is one of its own accounts.
        """
        seen = parse_account(raw)
        if seen.sid is not None:
            known = self._by_sid(seen.sid, domain, machine)
            if known is not None:
                return known
        if seen.dn is not None:
            return self._by_dn(seen.dn)
        if seen.name is None:
            return (seen.sid or raw).lower()
        where = self._account_domain(seen.domain, domain, machine)
        return f"{seen.name}@{where}" if where else seen.name

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

    def host_named(self, netbios: str) -> str | None:
        """The known host with this NetBIOS name."""
        return self._host_names.get(netbios.lower())

    def spn_account(self, spn: str) -> str | None:
        """The account that owns a service principal name, as far as declared."""
        return self._spns.get(spn.lower())

    def account_with_dn(self, dn: str) -> str | None:
        """The account or group with this distinguished name."""
        return self._dns.get(dn.lower())

    def domain_named(self, text: str | None) -> str | None:
        """The known domain of a DNS, realm or NetBIOS text."""
        if not text:
            return None
        text = text.lower().strip(".")
        if text in self.domains:
            return text
        if text in self._netbios:
            return self._netbios[text]
        # By default the NetBIOS name is the first label; two domains that share it decide nothing.
        matching = [d for d in self.domains if d.partition(".")[0] == text]
        return matching[0] if len(matching) == 1 else None

    def domain_with_sid(self, sid: str) -> str | None:
        """The known domain with this SID."""
        return self._domain_sids.get(sid)

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

    def _by_sid(self, sid: str, domain: str | None, machine: str | None) -> str | None:
        if sid in NO_DOMAIN:
            return NO_DOMAIN[sid]
        if sid in self._sids:
            return self._sids[sid]
        parts, who = split_sid(sid), principal(sid)
        if parts is None or who is None or who.kind != "group":
            return None
        builtin = parts[0] == "S-1-5-32"
        where = (domain or machine) if builtin else self._domain_sids.get(parts[0])
        return f"{who.name}@{where}" if where else None

    def _by_dn(self, dn: str) -> str:
        known = self._dns.get(dn.lower())
        if known is not None:
            return known
        domain = dn_domain(dn)
        name = rdn_value(dn).lower()
        return f"{name}@{domain}" if domain else name

    def _account_domain(
        self, text: str | None, domain: str | None, machine: str | None
    ) -> str | None:
        if text is None or text in _LOCAL_WORDS:
            return domain or (_short(machine) if machine else None)
        return self.domain_named(text) or text

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

    def _index(self, item: DirObject) -> None:
        if item.sid:
            self._sids[item.sid] = item.key
        if item.dn:
            self._dns[item.dn.lower()] = item.key
        if item.kind == "host":
            self._host_names[_short(item.key)] = item.key

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

    def _enriched(self, item: DirObject) -> DirObject:
        """A well-known principal with the SID, RID and sensitivity it has in every domain."""
        domain = self.domains.get(item.domain or "")
        named = well_known_named(item.name or "") if item.kind == "group" else None
        sid = item.sid
        if sid is None and domain is not None and named is not None:
            under = "S-1-5-32" if named[1] in BUILTIN_RIDS else domain.sid
            sid = f"{under}-{named[1]}" if under else None
        who = (principal(sid) if sid else None) or (named[0] if named else None)
        parts = split_sid(sid) if sid else None
        if sid and parts and parts[0] != "S-1-5-32":
            self._sids[sid] = item.key
        sensitive = item.sensitive or "sensitive" in item.tags or (who.sensitive if who else False)
        return msgspec.structs.replace(
            item,
            sid=sid,
            domain_sid=item.domain_sid or (domain.sid if domain else None),
            rid=parts[1] if parts else (item.rid or (named[1] if named else None)),
            sensitive=sensitive,
            admin=item.admin or (who.admin if who else False),
            tags=_with_tag(item.tags, "sensitive") if sensitive else item.tags,
        )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _with_tag(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    return tags if tag in tags else (*tags, tag)


def _short(host: str) -> str:
    return host.removeprefix("name:").partition(".")[0]
