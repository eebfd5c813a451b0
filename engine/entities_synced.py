"""The directory as it is synchronised: versions of objects in, entities with their intervals out.

What a first version says is taken to hold since the object was created, for nobody told otherwise;
a later one holds from its time on. Memberships are closed over groups, primary groups and foreign
members too. Who is sensitive follows from well-known SIDs, protected groups (adminCount, MS-ADTS
§3.1.1.6.1) and the tags that the directory file gives. Knows no LDAP and no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.entities_membership import Memberships
from engine.entities_names import dn_domain
from engine.entities_roles import BEFORE_US
from engine.entities_rows import (
    DirAddress,
    DirDomain,
    DirEntry,
    DirLink,
    DirMember,
    DirObject,
    DirSpn,
)
from engine.entities_wellknown import principal, sensitive_by_name, split_sid
from sensor.map.directory.entry import Entry, interval
from sensor.map.directory.objects import object_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.directory import DirectoryObject
    from engine.entities import Directory
    from engine.entities_rows import EntityKind

_PRINCIPALS: Final[dict[str, EntityKind]] = {
    "user": "account", "computer": "account", "group": "group",
}  # fmt: skip
_SERVICES: Final = {
    "certificate_authority": ("ca", "adcs"), "dhcp_server": ("dhcp_server", "dhcp"),
}  # fmt: skip
"""Objects that name a host: its tag and its role."""
_SPN_TAGS: Final = {"dns": ("dns_server", "dns"), "exchangemdb": ("exchange_server", "exchange")}


class _Known(msgspec.Struct):
    """A principal: its entity without what groups add, as it was handed over, and its SPNs."""

    sid: str
    since: int
    plain: DirObject
    told: DirObject | None = None
    host: DirObject | None = None
    spns: frozenset[str] = frozenset()
    primary: str | None = None


class Synced:
    """Objects by GUID. Tells `directory`, whose names and rows these are."""

    def __init__(self, directory: Directory) -> None:
        self.entities: dict[str, DirObject] = {}
        """The version in force of every account, host and group by key."""
        self._directory = directory
        self._objects: dict[str, _Known] = {}
        self._by_sid: dict[str, str] = {}
        self._by_dn: dict[str, str] = {}
        self._waiting: dict[str, set[str]] = {}
        """DN that no object has yet -> groups it is a member of."""
        self._memberships = Memberships()
        self._protected: set[str] = set()
        self._administer: set[str] = set()
        self._domain_sids: set[str] = set()
        """Domains whose principals come from here, now or in a moment."""
        self._controllers: dict[str, int] = {}
        """Since when a host is a domain controller that was none before."""
        self._now = 0
        """Time of the version that is being applied."""
        self._services: dict[str, dict[str, str]] = {}
        """Host -> tag -> role, as objects of the configuration name it."""

    def apply(self, event: DirectoryObject) -> None:
        """The next version of an object, or a further part of its members."""
        guid, kind = event.object_guid, event.kind or "other"
        if not guid:
            return
        self._now = event.ts
        entity = _PRINCIPALS.get(kind)
        key = self._key(event, entity) if entity is not None and event.sid else None
        if event.attributes is not None:
            self._entry(event, guid, key)
        if kind == "partition":
            self._partition(event)
        elif kind == "domain":
            self._domain(event)
        elif kind in _SERVICES:
            self._service(event, *_SERVICES[kind])
        elif entity is not None and key is not None and event.sid:
            self._principal(event, guid, event.sid, entity, key)

    def restore(
        self, entries: Iterable[DirEntry], links: Iterable[DirLink], stored: Iterable[DirObject]
    ) -> None:
        """Take up what was in force before a restart. An entity that is other than it is stored,
        for its tags were changed by hand meanwhile, is a new version from the last one on.
        """
        newest = 0
        for row in entries:
            newest = max(newest, row.valid_from)
            attributes = {name: value.split("\n") for name, value in row.attributes.items()}
            entry = Entry(row.guid, row.dn or "", attributes)
            event = next(object_events(entry, row.valid_from))
            event.deleted = row.deleted
            self.apply(event)
        for link in links:
            self._links(link.group_sid, [link.member], (), link.valid_from)
        self._directory.forget_steps()
        for item in stored:
            now = self.entities.get(item.key)
            if now is not None and now.kind == item.kind:
                before = (set(item.tags), item.sensitive, item.admin)
                if (set(now.tags), now.sensitive, now.admin) != before:
                    ts = max(newest, item.valid_from)
                    self._directory.step("dir_object", (now.key, now.kind), ts, now)

    def knows(self, key: str) -> bool:
        """Whether an account, host or group is there, or was."""
        return key in self.entities

    def is_dc(self, host: str, ts: int) -> bool:
        """Whether a host was a domain controller then; between two versions the newer one counts."""
        item = self.entities.get(host)
        return item is not None and "dc" in item.tags and self._controllers.get(host, 0) <= ts

    # --- principals -------------------------------------------------------------------------------

    def _principal(
        self, event: DirectoryObject, guid: str, sid: str, entity: EntityKind, key: str
    ) -> None:
        known = self._objects.get(guid)
        first = known is None
        since = (event.created or 0) if first else event.ts
        if event.attributes is None:
            if known is not None:
                self._links(sid, event.members, event.members_lost, known.since)
            return
        if first and event.deleted and key in self.entities:
            return  # its name has been given to another
        plain = self._plain(event, key, entity, since)
        if known is None:
            known = self._objects[guid] = _Known(sid, since, plain)
        elif known.plain.key != key:
            self._rename(known, key, since)
            plain = msgspec.structs.replace(
                plain,
                previous_names=(*known.plain.previous_names, known.plain.name or "")[-8:],
            )
        known.plain = msgspec.structs.replace(
            plain, previous_names=plain.previous_names or known.plain.previous_names
        )
        self._by_sid[sid] = guid
        parts = split_sid(sid)
        if parts is not None:
            self._domain_sids.add(parts[0])
        self._names(event, known)
        self._own_flags(sid, known, since)
        if entity == "account":
            self._spns(known, event, since)
            self._primary(known, event, since)
        if first:
            self._arrived(sid, since)
        if event.deleted:
            self._links_of(sid, since)
        gained, lost = event.members or (), event.members_lost or ()
        self._links(sid, gained, lost, since)
        self._tell(known, since)

    def _key(self, event: DirectoryObject, entity: EntityKind) -> str | None:
        sid, domain = event.sid or "", event.domain
        who = principal(sid)
        name = who.name if who is not None and entity == who.kind == "group" else event.name
        return f"{name.lower()}@{domain}" if name and domain else None

    def _plain(self, event: DirectoryObject, key: str, entity: EntityKind, since: int) -> DirObject:
        attributes = event.attributes or {}
        computer = event.kind == "computer"
        flags = event.uac or ()
        tags = [*self._directory.tags_by_hand(key)]
        if "server_trust_account" in flags or "partial_secrets_account" in flags:
            tags += ["dc", "rodc"] if "partial_secrets_account" in flags else ["dc"]
        classes = {spn.partition("/")[0].lower() for spn in event.spns or ()}
        tags += [tag for name, (tag, _) in _SPN_TAGS.items() if name in classes]
        deleted = None
        if event.deleted:
            # when it was deleted before the first version is not known: it never was there
            deleted = event.ts if event.object_guid in self._objects else since
        host = None
        if computer and event.name:
            dns = attributes.get("dNSHostName", "").lower().rstrip(".")
            host = dns or f"{event.name.rstrip('$').lower()}.{event.domain}"
        item = DirObject(
            key=key,
            kind=entity,
            name=event.name,
            domain=event.domain,
            sid=event.sid,
            dn=event.object,
            uac=tuple(flags),
            tags=tuple(dict.fromkeys(tags)),
            etypes=tuple(event.etypes or ()),
            created=event.created,
            deleted=deleted,
            silo=attributes.get("msDS-AssignedAuthNPolicySilo"),
            os_build=attributes.get("operatingSystemVersion"),
            department=attributes.get("department"),
            sensitive=attributes.get("adminCount") == "1"
            or (entity == "group" and sensitive_by_name(event.name or "")),
            computer=computer,
            host=host,
            valid_from=since,
        )
        return self._directory.enriched(item)

    def _names(self, event: DirectoryObject, known: _Known) -> None:
        directory, dn = self._directory, (event.object or "").lower()
        directory.index(known.plain)
        self._by_dn[dn] = known.sid
        host = known.plain.host
        for address in event.addresses or () if host else ():
            directory.addresses.declare(DirAddress(address, host or ""))
        waiting = self._waiting.pop(dn, None)
        for group in waiting or ():
            directory.step("dir_link", (group, dn), 0, None)
            owner = self._objects.get(self._by_sid.get(group, ""))
            self._links(group, [known.sid], (), owner.since if owner else 0)

    def _rename(self, known: _Known, key: str, ts: int) -> None:
        """The old name is nobody's from now on; memberships go on under the new one."""
        directory, old = self._directory, known.plain
        directory.step("dir_object", (old.key, old.kind), ts, None)
        self.entities.pop(old.key, None)
        for group in self._memberships.groups(known.sid):
            self._member(group, known.sid, ts, there=False)
        for member in self._memberships.members(known.sid) if old.kind == "group" else ():
            self._member(known.sid, member, ts, there=False)
        for spn in known.spns:
            directory.step("dir_spn", (spn, old.key), ts, None)
        known.spns, known.told = frozenset(), None
        known.plain = msgspec.structs.replace(old, key=key)
        self._arrived(known.sid, ts)

    def _own_flags(self, sid: str, known: _Known, ts: int) -> None:
        """A group that is sensitive in itself makes its members so."""
        if known.plain.kind != "group":
            return
        before = sid in self._protected, sid in self._administer
        gone = known.plain.deleted is not None
        for marked, holds in (
            (self._protected, known.plain.sensitive and not gone),
            (self._administer, known.plain.admin and not gone),
        ):
            (marked.add if holds else marked.discard)(sid)
        if before != (sid in self._protected, sid in self._administer):
            self._again(self._memberships.members(sid), ts)

    def _spns(self, known: _Known, event: DirectoryObject, ts: int) -> None:
        now = frozenset(s.lower() for s in event.spns or ()) if not event.deleted else frozenset()
        key = known.plain.key
        for spn in known.spns - now:
            self._directory.step("dir_spn", (spn, key), ts, None)
        for spn in now - known.spns:
            self._directory.own_spn(spn, key)
            self._directory.step("dir_spn", (spn, key), ts, DirSpn(spn, key))
        known.spns = now

    def _primary(self, known: _Known, event: DirectoryObject, ts: int) -> None:
        parts, rid = split_sid(known.sid), event.primary_group
        group = f"{parts[0]}-{rid}" if parts and rid is not None and not event.deleted else None
        if group == known.primary:
            return
        if known.primary is not None:
            self._moved(self._memberships.change(known.primary, (), [known.sid]), ts)
        if group is not None:
            self._moved(self._memberships.change(group, [known.sid]), ts)
        known.primary = group

    # --- memberships ------------------------------------------------------------------------------

    def _links(
        self, group: str, gained: Iterable[str] | None, lost: Iterable[str] | None, ts: int
    ) -> None:
        came: list[str] = []
        went: list[str] = []
        for found, refs, there in ((came, gained, True), (went, lost, False)):
            for ref in refs or ():
                sid = ref if ref[:4] == "S-1-" else self._by_dn.get(ref.lower())
                row = DirLink(group, sid or ref.lower()) if there else None
                self._directory.step("dir_link", (group, sid or ref.lower()), ts, row)
                if sid is not None:
                    found.append(sid)
                elif there:
                    self._waiting.setdefault(ref.lower(), set()).add(group)
                else:
                    self._waiting.get(ref.lower(), set()).discard(group)
        if came or went:
            self._moved(self._memberships.change(group, came, went), ts)

    def _links_of(self, sid: str, ts: int) -> None:
        """A principal is gone: it is in no group, and nobody is in it."""
        for group in list(self._memberships.groups(sid)):
            if sid in self._memberships.direct(group):
                self._links(group, (), [sid], ts)
        self._links(sid, (), list(self._memberships.direct(sid)), ts)

    def _moved(self, moves: Iterable[tuple[str, frozenset[str], frozenset[str]]], ts: int) -> None:
        touched = []
        for member, gained, lost in moves:
            for group in gained:
                self._member(group, member, ts, there=True)
            for group in lost:
                self._member(group, member, ts, there=False)
            touched.append(member)
        self._again(touched, ts)

    def _arrived(self, sid: str, ts: int) -> None:
        """Memberships that could not be told as long as this principal had no name."""
        for group in self._memberships.groups(sid):
            self._member(group, sid, ts, there=True)
        for member in self._memberships.members(sid):
            self._member(sid, member, ts, there=True)

    def _member(self, group: str, member: str, ts: int, *, there: bool) -> None:
        owner = self._objects.get(self._by_sid.get(group, ""))
        group_key = owner.plain.key if owner is not None else None
        member_key = self._key_of(member)
        if group_key is None or member_key is None:
            return
        pair = group_key, member_key
        self._directory.step("dir_member", pair, ts, DirMember(*pair) if there else None)
        self._news(ts)

    def _key_of(self, sid: str) -> str | None:
        known = self._objects.get(self._by_sid.get(sid, ""))
        if known is not None:
            return known.plain.key
        parts = split_sid(sid)
        own = parts is not None and parts[0] in self._domain_sids
        return None if own else self._directory.name_of_sid(sid)

    def _again(self, sids: Iterable[str], ts: int) -> None:
        for sid in sids:
            known = self._objects.get(self._by_sid.get(sid, ""))
            if known is not None and known.told is not None:
                self._tell(known, max(ts, known.since))

    # --- entities ---------------------------------------------------------------------------------

    def _tell(self, known: _Known, ts: int) -> None:
        """Hand the entity over as it is from `ts` on, where that is news."""
        groups = self._memberships.groups(known.sid)
        sensitive = known.plain.sensitive or not self._protected.isdisjoint(groups)
        tags = [t for t in known.plain.tags if t != "sensitive"]
        item = msgspec.structs.replace(
            known.plain,
            sensitive=sensitive,
            admin=known.plain.admin or not self._administer.isdisjoint(groups),
            tags=tuple([*tags, "sensitive"] if sensitive else tags),
            valid_from=ts,
        )
        if known.told is None or not _same(known.told, item):
            known.told = item
            self._put(item, ts)
        host = self._host(item) if item.computer and item.host else None
        if known.host is not None and (host is None or host.key != known.host.key):
            self._directory.step("dir_object", (known.host.key, "host"), ts, None)
            self.entities.pop(known.host.key, None)
            known.host = None
        if host is not None and (known.host is None or not _same(known.host, host)):
            known.host = host
            self._directory.index(host)
            self._put(host, ts)

    def _host(self, item: DirObject) -> DirObject:
        key = item.host or ""
        tags, roles = list(item.tags), []
        if "dc" in tags:
            roles.append("rodc" if "rodc" in tags else "domain_controller")
        for tag, role in [*_SPN_TAGS.values(), *self._services.get(key, {}).items()]:
            if tag in tags or tag in self._services.get(key, {}):
                tags.append(tag)
                roles.append(role)
        tags += self._directory.tags_by_hand(key)
        return msgspec.structs.replace(
            item,
            key=key,
            kind="host",
            name=key,
            account=item.key,
            host=None,
            sid=None,
            rid=None,
            uac=(),
            tags=tuple(dict.fromkeys(tags)),
            role=tuple(dict.fromkeys(roles)),
        )

    def _put(self, item: DirObject, ts: int) -> None:
        before = self.entities.get(item.key)
        if (
            before is not None
            and item.kind == "host"
            and "dc" in item.tags
            and "dc" not in before.tags
        ):
            self._controllers[item.key] = ts
        self.entities[item.key] = item
        self._directory.step("dir_object", (item.key, item.kind), ts, item)
        self._news(ts)

    def _news(self, ts: int) -> None:
        """Answers are others from here on; a first reading does not judge what is long past anew."""
        self._directory.news_from(max(ts, self._now - BEFORE_US))

    # --- other objects ----------------------------------------------------------------------------

    def _entry(self, event: DirectoryObject, guid: str, key: str | None) -> None:
        row = DirEntry(
            guid=guid,
            kind=event.kind or "other",
            key=key,
            dn=event.object,
            class_=event.object_class,
            sid=event.sid,
            domain=event.domain,
            deleted=bool(event.deleted),
            attributes=event.attributes or {},
        )
        self._directory.step("dir_entry", (guid,), event.ts, row)

    def _partition(self, event: DirectoryObject) -> None:
        attributes = event.attributes or {}
        name, netbios = attributes.get("dnsRoot"), attributes.get("nETBIOSName")
        if name and netbios:
            self._domain_is(name.lower(), netbios=netbios.lower())

    def _domain(self, event: DirectoryObject) -> None:
        name = dn_domain(event.object or "")
        lifetime = interval((event.attributes or {}).get("maxTicketAge"))
        if name and event.sid:
            self._domain_is(name, sid=event.sid, ticket_lifetime=lifetime)

    def _domain_is(
        self,
        name: str,
        netbios: str | None = None,
        sid: str | None = None,
        ticket_lifetime: int | None = None,
    ) -> None:
        have = self._directory.domains.get(name) or DirDomain(name)
        domain = DirDomain(
            name,
            netbios or have.netbios,
            sid or have.sid,
            have.ticket_lifetime if ticket_lifetime is None else ticket_lifetime,
        )
        if domain != self._directory.domains.get(name):
            self._directory.declare_domain(domain)

    def _service(self, event: DirectoryObject, tag: str, role: str) -> None:
        host = ((event.attributes or {}).get("dNSHostName") or event.name or "").lower()
        if "." not in host:
            return
        services = self._services.setdefault(host, {})
        if event.deleted:
            services.pop(tag, None)
        else:
            services[tag] = role
        item = self.entities.get(host)
        account = self.entities.get(item.account or "") if item is not None else None
        if account is not None and account.sid:
            self._again([account.sid], event.ts)


def _same(one: DirObject, other: DirObject) -> bool:
    return one == msgspec.structs.replace(other, valid_from=one.valid_from)
