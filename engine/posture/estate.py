"""All objects of a directory as they were at a time, and who is in which group.

*Privileged* is who administers the domain: its administrators, controllers and the system itself.
*Sensitive* is wider: whoever is in a group that leads to control of the domain, by well-known SIDs
(MS-ADTS §3.1.1.6.1). Built from rows; knows no store.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from engine.entities_membership import Memberships
from engine.entities_names import dn_domain
from engine.entities_wellknown import NO_DOMAIN, principal, sensitive_by_name
from engine.posture.item import Item
from engine.posture.rights import Descriptor, descriptor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.entities_rows import DirEntry, DirLink

SYSTEM: Final = frozenset({"S-1-5-18", "S-1-5-9", "S-1-5-32-544"})
"""The system, controllers of the forest, administrators of the domain."""
_OF_DOMAIN: Final = frozenset({498, 500, 512, 516, 518, 519, 521, 526, 527})
"""RIDs that administer or are controllers; key administrators write what AD FS and DCs need."""
_CLOSED: Final = frozenset({500, 512, 516, 518, 519})
BROAD: Final = frozenset({"S-1-1-0", "S-1-5-7", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-546"})
"""Everyone, anonymous, authenticated users, users, guests."""
_BROAD_RIDS: Final = frozenset({501, 513, 514, 515})


class Estate:
    """What checks look at. `at`: the time, in microseconds."""

    def __init__(self, at: int, entries: Iterable[DirEntry], links: Iterable[DirLink]) -> None:
        self.at = at
        self.items = [Item(row) for row in entries if not row.deleted]
        self._by_sid = {i.sid: i for i in self.items if i.sid}
        self._by_dn = {i.dn.lower(): i for i in self.items}
        self._trust: dict[str, bool] = {}
        self._groups = Memberships()
        for link in links:
            self._groups.change(link.group_sid, [self._sid_of(link.member)])
        for item in (*self.of("user"), *self.of("computer")):
            primary = item.number("primaryGroupID")
            if primary is not None and item.sid and item.domain_sid:
                self._groups.change(f"{item.domain_sid}-{primary}", [item.sid])

    def of(self, kind: str) -> list[Item]:
        """Objects of a kind (enums.OBJECT_KIND)."""
        return self._kinds.get(kind, [])

    def accounts(self) -> Iterator[Item]:
        """Users and computers that can log on."""
        return (i for i in (*self.of("user"), *self.of("computer")) if i.enabled)

    def users(self) -> Iterator[Item]:
        """Users that can log on, managed service accounts too, but not krbtgt and trusts."""
        return (
            i
            for i in self.of("user")
            if i.enabled and i.rid != 502 and "interdomain_trust_account" not in i.flags
        )

    def controllers(self) -> Iterator[Item]:
        """Accounts of domain controllers, read-only ones too."""
        return (i for i in self.of("computer") if i.controller)

    def named(self, dn: str) -> Item | None:
        """The object of a DN."""
        return self._by_dn.get(dn.lower())

    def name(self, sid: str) -> str:
        """What people call a SID."""
        item = self._by_sid.get(sid)
        if item is not None:
            return item.name
        who = principal(sid)
        return who.name if who is not None else NO_DOMAIN.get(sid, sid)

    def item(self, sid: str) -> Item | None:
        """The object of a SID."""
        return self._by_sid.get(sid)

    def members(self, group: str) -> set[str]:
        """SIDs of all members of a group, through other groups too."""
        return self._groups.members(group)

    def groups(self, member: str) -> frozenset[str]:
        """SIDs of all groups of a member."""
        return self._groups.groups(member)

    def sensitive(self, item: Item) -> bool:
        """Whether an account or group leads to control of the domain."""
        if item.sid is None:
            return False
        who = principal(item.sid)
        return (
            (who is not None and who.sensitive)
            or sensitive_by_name(item.account)
            or any(self._leads(group) for group in self.groups(item.sid))
        )

    def privileged(self, sid: str) -> bool:
        """Whether a principal administers the domain already: what it may do is no weakness."""
        if sid in SYSTEM or sid in self._administrators:
            return True
        return sid.startswith("S-1-5-21-") and int(sid.rpartition("-")[2]) in _OF_DOMAIN

    def trusted(self, sid: str) -> bool:
        """Whether what a principal may do is no weakness: it administers the domain, or is a group
        of such principals only. A built-in group that is empty counts too.
        """
        known = self._trust.get(sid)
        if known is None:
            # large groups stand in the permissions of many objects
            known = self._trust[sid] = self.privileged(sid) or self._privileged_only(sid)
        return known

    def broad(self, sid: str) -> bool:
        """Whether a principal stands for everybody, or nearly."""
        return sid in BROAD or (
            sid.startswith("S-1-5-21-") and int(sid.rpartition("-")[2]) in _BROAD_RIDS
        )

    def descriptor(self, item: Item, attribute: str = "nTSecurityDescriptor") -> Descriptor | None:
        """Who may do what with an object; None where that was not read."""
        text = item.first(attribute)
        return descriptor(text, item.domain_sid or self._domain_sid(item)) if text else None

    def domain_of(self, item: Item) -> str:
        """The DNS name of the domain an object lies in."""
        return dn_domain(item.dn) or ""

    def days(self, since: int | None) -> int | None:
        """Whole days that have gone since; None where that is not known."""
        return None if since is None else max(0, (self.at - since) // 86_400_000_000)

    # --- once -------------------------------------------------------------------------------------

    @cached_property
    def _kinds(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in sorted(self.items, key=lambda i: i.name):
            found.setdefault(item.kind, []).append(item)
        return found

    @cached_property
    def _administrators(self) -> set[str]:
        """Members of the groups that administer."""
        groups = {"S-1-5-32-544"} | {
            sid
            for sid, item in self._by_sid.items()
            if item.rid in _CLOSED and item.kind == "group"
        }
        return {member for group in groups for member in self.members(group)}

    def _privileged_only(self, sid: str) -> bool:
        item = self.item(sid)
        if item is None or item.kind != "group":
            return False
        people = [m for m in self.members(sid) if (i := self.item(m)) is None or i.kind != "group"]
        return all(map(self.privileged, people)) if people else principal(sid) is not None

    def _leads(self, group: str) -> bool:
        who = principal(group)
        if who is not None:
            return who.sensitive
        item = self._by_sid.get(group)
        return item is not None and sensitive_by_name(item.account)

    def _sid_of(self, member: str) -> str:
        if member.startswith("S-1-"):
            return member
        item = self._by_dn.get(member.lower())
        return item.sid if item is not None and item.sid else member

    def _domain_sid(self, item: Item) -> str | None:
        """The SID of the domain that an object without a SID of its own lies in, else of the only
        one: objects of the configuration belong to the forest.
        """
        own = self.domain_of(item)
        found = {self.domain_of(d): d.sid for d in self.of("domain") if d.sid}
        return found.get(own) or (next(iter(found.values())) if len(found) == 1 else None)
