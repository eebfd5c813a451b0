"""The directory as it is synchronised: versions of objects in, entities with their intervals out.

What a first version says is taken to hold since the object was created, for nobody told otherwise;
a later one holds from its time on. Memberships are closed over groups, primary groups and foreign
members too (`entities_links`), entities are told with what that adds (`entities_told`). Knows no
LDAP and no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.entities_known import Known, Register
from engine.entities_links import Links
from engine.entities_membership import Memberships
from engine.entities_names import dn_domain
from engine.entities_rows import (
    DirAddress,
    DirDomain,
    DirEntry,
    DirLink,
    DirObject,
    DirSpn,
)
from engine.entities_told import SERVICES, SPN_TAGS, Told
from engine.entities_wellknown import principal, sensitive_by_name
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


class Synced:
    """Objects by GUID. Tells `directory`, whose names and rows these are."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._register = Register(directory.name_of_sid)
        memberships = Memberships()
        self._told = Told(directory, self._register, memberships)
        self._links = Links(directory, self._register, memberships, self._told)

    @property
    def entities(self) -> dict[str, DirObject]:
        """The version in force of every account, host and group by key."""
        return self._told.entities

    def apply(self, event: DirectoryObject) -> None:
        """The next version of an object, or a further part of its members."""
        guid, kind = event.object_guid, event.kind or "other"
        if not guid:
            return
        self._told.now = event.ts
        entity = _PRINCIPALS.get(kind)
        key = self._key(event, entity) if entity is not None and event.sid else None
        if event.attributes is not None:
            self._entry(event, guid, key)
        if kind == "partition":
            self._partition(event)
        elif kind == "domain":
            self._domain(event)
        elif kind in SERVICES:
            self._told.service(event)
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
            self._links.change(link.group_sid, [link.member], (), link.valid_from)
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
        return self._told.is_dc(host, ts)

    # --- principals -------------------------------------------------------------------------------

    def _principal(
        self, event: DirectoryObject, guid: str, sid: str, entity: EntityKind, key: str
    ) -> None:
        known = self._register.get(guid)
        first = known is None
        since = (event.created or 0) if first else event.ts
        if event.attributes is None:
            if known is not None:
                self._links.change(sid, event.members, event.members_lost, known.since)
            return
        if first and event.deleted and key in self.entities:
            return  # its name has been given to another
        plain = self._plain(event, key, entity, since)
        if known is None:
            known = Known(sid, since, plain)
            self._register.add(guid, known)
        elif known.plain.key != key:
            self._rename(known, key, since)
            plain = msgspec.structs.replace(
                plain,
                previous_names=(*known.plain.previous_names, known.plain.name or "")[-8:],
            )
        known.plain = msgspec.structs.replace(
            plain, previous_names=plain.previous_names or known.plain.previous_names
        )
        self._register.index(guid, sid)
        self._names(event, known)
        self._told.mark(known, since)
        if entity == "account":
            self._spns(known, event, since)
            self._links.primary(known, None if event.deleted else event.primary_group, since)
        if first:
            self._links.arrived(sid, since)
        if event.deleted:
            self._links.gone(sid, since)
        gained, lost = event.members or (), event.members_lost or ()
        self._links.change(sid, gained, lost, since)
        self._told.tell(known, since)

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
        tags += [tag for name, (tag, _) in SPN_TAGS.items() if name in classes]
        deleted = None
        if event.deleted:
            # when it was deleted before the first version is not known: it never was there
            deleted = event.ts if self._register.get(event.object_guid or "") else since
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

    def _names(self, event: DirectoryObject, known: Known) -> None:
        directory, dn = self._directory, (event.object or "").lower()
        directory.index(known.plain)
        self._register.by_dn[dn] = known.sid
        host = known.plain.host
        for address in event.addresses or () if host else ():
            directory.addresses.declare(DirAddress(address, host or ""))
        self._links.named(dn, known.sid)

    def _rename(self, known: Known, key: str, ts: int) -> None:
        """The old name is nobody's from now on; memberships go on under the new one."""
        old = known.plain
        self._told.end(old, ts)
        self._links.renamed(known, ts)
        for spn in known.spns:
            self._directory.step("dir_spn", (spn, old.key), ts, None)
        known.spns, known.told = frozenset(), None
        known.plain = msgspec.structs.replace(old, key=key)
        self._links.arrived(known.sid, ts)

    def _spns(self, known: Known, event: DirectoryObject, ts: int) -> None:
        now = frozenset(s.lower() for s in event.spns or ()) if not event.deleted else frozenset()
        key = known.plain.key
        for spn in known.spns - now:
            self._directory.step("dir_spn", (spn, key), ts, None)
        for spn in now - known.spns:
            self._directory.own_spn(spn, key)
            self._directory.step("dir_spn", (spn, key), ts, DirSpn(spn, key))
        known.spns = now

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
