"""Entities of a synchronised directory as they are handed over: with what their groups add.

Who is sensitive follows from well-known SIDs, protected groups (adminCount, MS-ADTS §3.1.1.6.1)
and tags given by hand. A computer account brings its host, whose parts are told by its flags, its
SPNs and objects of the configuration. Only what is news becomes an interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from engine.entities_roles import BEFORE_US

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.directory import DirectoryObject
    from engine.entities import Directory
    from engine.entities_known import Known, Register
    from engine.entities_membership import Memberships
    from engine.entities_rows import DirObject

SERVICES: Final = {
    "certificate_authority": ("ca", "adcs"), "dhcp_server": ("dhcp_server", "dhcp"),
}  # fmt: skip
"""Objects that name a host: its tag and its role."""
SPN_TAGS: Final = {"dns": ("dns_server", "dns"), "exchangemdb": ("exchange_server", "exchange")}


class Told:
    """The version in force of every account, host and group by key: `entities`."""

    def __init__(self, directory: Directory, register: Register, memberships: Memberships) -> None:
        self.entities: dict[str, DirObject] = {}
        self.now = 0
        """Time of the version that is being applied."""
        self._directory = directory
        self._register = register
        self._memberships = memberships
        self._protected: set[str] = set()
        self._administer: set[str] = set()
        self._controllers: dict[str, int] = {}
        """Since when a host is a domain controller that was none before."""
        self._services: dict[str, dict[str, str]] = {}
        """Host -> tag -> role, as objects of the configuration name it."""

    def is_dc(self, host: str, ts: int) -> bool:
        """Whether a host was a domain controller then; between two versions the newer one counts."""
        item = self.entities.get(host)
        return item is not None and "dc" in item.tags and self._controllers.get(host, 0) <= ts

    def mark(self, known: Known, ts: int) -> None:
        """A group that is sensitive in itself makes its members so."""
        if known.plain.kind != "group":
            return
        sid = known.sid
        before = sid in self._protected, sid in self._administer
        gone = known.plain.deleted is not None
        for marked, holds in (
            (self._protected, known.plain.sensitive and not gone),
            (self._administer, known.plain.admin and not gone),
        ):
            (marked.add if holds else marked.discard)(sid)
        if before != (sid in self._protected, sid in self._administer):
            self.again(self._memberships.members(sid), ts)

    def service(self, event: DirectoryObject) -> None:
        """An object of the configuration says what a host is."""
        tag, role = SERVICES[event.kind or ""]
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
            self.again([account.sid], event.ts)

    def again(self, sids: Iterable[str], ts: int) -> None:
        """What groups add to these principals may have changed."""
        for sid in sids:
            known = self._register.of_sid(sid)
            if known is not None and known.told is not None:
                self.tell(known, max(ts, known.since))

    def tell(self, known: Known, ts: int) -> None:
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

    def end(self, item: DirObject, ts: int) -> None:
        """The key is nobody's from `ts` on."""
        self._directory.step("dir_object", (item.key, item.kind), ts, None)
        self.entities.pop(item.key, None)

    def news(self, ts: int) -> None:
        """Answers are others from here on; a first reading does not judge what is long past anew."""
        self._directory.news_from(max(ts, self.now - BEFORE_US))

    def _host(self, item: DirObject) -> DirObject:
        key = item.host or ""
        tags, roles = list(item.tags), []
        if "dc" in tags:
            roles.append("rodc" if "rodc" in tags else "domain_controller")
        for tag, role in [*SPN_TAGS.values(), *self._services.get(key, {}).items()]:
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
        new = before is not None and item.kind == "host" and "dc" not in before.tags
        if new and "dc" in item.tags:
            self._controllers[item.key] = ts
        self.entities[item.key] = item
        self._directory.step("dir_object", (item.key, item.kind), ts, item)
        self.news(ts)


def _same(one: DirObject, other: DirObject) -> bool:
    return one == msgspec.structs.replace(other, valid_from=one.valid_from)
