"""One look at one naming context: what changed since the last, told and remembered.

By DirSync where the account may replicate changes, else by `uSNChanged`, whose numbers count at one
server only: at another, everything is read again and compared, which tells what changed and no
more. Reference: MS-ADTS §3.1.1.3.4.1.3, §3.1.1.1.9 (USNs), §3.1.1.5.5 (tombstones).
"""

from __future__ import annotations

import socket
import time
import uuid
from typing import TYPE_CHECKING, Final

from sensor.inputs.directory.delta import KEPT_APART, merged, whole, with_apart
from sensor.inputs.directory.server import RefusedError
from sensor.inputs.directory.values import described, extended_dn
from sensor.map.directory.changes import changes, difference
from sensor.map.directory.entry import ATTRIBUTES, Entry, generalized_time
from sensor.map.directory.objects import object_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dsl.schema.base import Event
    from sensor.inputs.directory.mirror import Mirror
    from sensor.inputs.directory.server import Found, Server

_CLASSES: Final = (
    "user", "group", "organizationalUnit", "domainDNS", "trustedDomain", "groupPolicyContainer",
    "msDS-ManagedServiceAccount", "msDS-GroupManagedServiceAccount",
    "msDS-DelegatedManagedServiceAccount", "inetOrgPerson", "crossRef", "nTDSDSA", "server",
    "site", "subnet", "pKIEnrollmentService", "pKICertificateTemplate", "dHCPClass",
    "msPKI-Enterprise-Oid", "nTDSService", "crossRefContainer",
)  # fmt: skip
FILTER: Final = f"(|{''.join(f'(objectClass={c})' for c in _CLASSES)}(cn=AdminSDHolder))"
DESCRIBED: Final = (
    "(|(objectClass=domainDNS)(objectClass=organizationalUnit)(objectClass=groupPolicyContainer)"
    "(objectClass=pKICertificateTemplate)(objectClass=pKIEnrollmentService)(adminCount=1)"
    "(userAccountControl:1.2.840.113556.1.4.804:=67117056)(cn=AdminSDHolder))"
)
"""Objects that control of the domain depends on: heads, units, policies, templates, protected
accounts and groups, domain controllers (server or partial secrets account)."""
_READ: Final = ("name", *(a for a in ATTRIBUTES if a != KEPT_APART))
"""`name` changes when an object is moved or renamed, and DirSync tells of what changed only."""
_COUNT_AGAIN_S: Final = 3_600
"""So often all objects are counted where deleted ones may not be seen."""
_ASKED: Final = 50
"""Objects named in one filter."""
_GROUP: Final = 500
"""Objects of one transaction."""


class Passes:
    """The looks at one naming context. `dirsync`: it is tried first; whether it works is found out."""

    def __init__(
        self,
        mirror: Mirror,
        context: str,
        stopping: Callable[[], bool],
        *,
        dirsync: bool = True,
    ) -> None:
        self._mirror = mirror
        self._context = context
        self._stopping = stopping
        self._dirsync = dirsync
        self._invocation = ""
        self._late = False
        self._counted = time.monotonic()
        self._names: dict[str, list[str]] = {}
        self._described = 0
        self._described_at = ""
        self._described_all = 0.0
        self._undescribed: set[str] = set()
        self._grown = self._more_is_read()

    @property
    def way(self) -> str:
        """How changes are found, for people."""
        return "DirSync" if self._dirsync else "uSNChanged"

    def look(self, server: Server) -> int:
        """Read what is new; how many objects changed. Raises ServerError."""
        # what happened before this connection did not happen now
        self._late = self._invocation != server.root.invocation
        changed = self._look(server)
        self._invocation = server.root.invocation
        if self._grown:
            with self._mirror.transaction():
                self._mirror.forget(self._context, "grown")
            self._grown = set()
        return changed

    def reconnected(self) -> None:
        """The next look is the first of a connection."""
        self._invocation = ""

    def _look(self, server: Server) -> int:
        if self._dirsync:
            try:
                return self._by_cookie(server)
            except RefusedError as error:
                if not error.no_right and self._mirror.bookmark(self._context, "cookie"):
                    # another server, or one restored, does not know where we were
                    self._forget_cookie()
                    return self._by_cookie(server)
                self._dirsync = False
        return self._by_usn(server)

    def descriptors(self, server: Server) -> int:
        """Who may do what with the objects that control depends on: their security descriptors, of
        all at first, then of those that were written since; again of all now and then, for what is
        inherited changes without a number.
        """
        if server.root.invocation != self._described_at or self._again_due():
            self._described, self._described_at = 0, server.root.invocation
            self._described_all = time.monotonic()
        reached = server.highest_usn()
        if reached == self._described:
            return 0
        since = f"(uSNChanged>={self._described + 1})" if self._described else ""
        changed = 0
        waiting: list[Entry] = []
        # the first time an object has one is no change
        new: list[Entry] = []
        unknown: set[str] = set()
        for found in server.described(self._context, f"(&{since}{DESCRIBED})", (KEPT_APART,)):
            values = [described(v) for n, vs in found.raw.items() if n.lower() == KEPT_APART.lower() for v in vs]  # fmt: skip
            old = self._mirror.get(_guid(found))
            if not values:
                continue
            if old is None:  # made since the last look, or of a class that is not synchronised
                unknown.add(_guid(found))
                continue
            entry = Entry(old.guid, old.dn, {**old.attributes, KEPT_APART: values})
            (waiting if KEPT_APART in old.attributes else new).append(entry)
        for group in _groups(new):
            changed += self._take(group, first=True)
        for group in _groups(waiting):
            changed += self._take(group, first=False)
        if unknown <= self._undescribed:
            self._described = reached
        self._undescribed = unknown
        return changed

    def _again_due(self) -> bool:
        return time.monotonic() - self._described_all >= _COUNT_AGAIN_S

    def _more_is_read(self) -> set[str]:
        """Attributes that no earlier run asked for: everything is read again then, and their values
        are not told as changes.
        """
        mirror, context = self._mirror, self._context
        asked = f"{FILTER} {' '.join(_READ)}".encode()
        if mirror.bookmark(context, "asked") == asked:
            # a restart in the middle of reading everything again goes on with the same ones
            return set((mirror.bookmark(context, "grown") or b"").decode().split())
        known = mirror.bookmark(context, "complete") is not None
        had = {n for c, e in mirror.all_objects() if c == context for n in e.attributes}
        with mirror.transaction():
            mirror.forget(context, "cookie")
            mirror.forget(context, "usn ")
            mirror.mark(context, "asked", asked)
            grown = set(_READ) - had if known else set()
            mirror.mark(context, "grown", " ".join(sorted(grown)).encode() or None)
        return grown

    # --- ways -------------------------------------------------------------------------------------

    def _by_cookie(self, server: Server) -> int:
        mirror, context = self._mirror, self._context
        first = mirror.bookmark(context, "complete") is None
        cookie = mirror.bookmark(context, "cookie") or b""
        every = not cookie and not first
        unseen = mirror.guids(context) if every else set()
        changed = 0
        while not self._stopping():
            found, cookie, more = server.changes(context, FILTER, _READ, cookie)
            entries = []
            for item in found:
                old = self._old(item)
                entry = merged(item.dn, item.raw, None if every else old)
                entries.append(with_apart(entry, old) if every else entry)
            unseen -= {e.guid for e in entries}
            for group in _groups(entries):
                changed += self._take(group, first=first, server=server)
            if more:
                with mirror.transaction():
                    mirror.mark(context, "cookie", None if every else cookie)
                continue
            changed += self._gone(unseen)
            with mirror.transaction():
                mirror.mark(context, "cookie", cookie)
                mirror.mark(context, "complete", b"1")
            break
        return changed

    def _by_usn(self, server: Server) -> int:
        mirror, context = self._mirror, self._context
        place = f"usn {server.root.invocation}"
        reached = server.highest_usn()
        known = mirror.bookmark(context, place)
        first = mirror.bookmark(context, "complete") is None
        if known is not None and int(known) >= reached and not self._due():
            return 0
        since = "" if known is None else f"(uSNChanged>={int(known) + 1})"
        filter_ = f"(&{since}{FILTER})"
        unseen = mirror.guids(context) if known is None and not first else set()
        changed = 0
        waiting: list[Entry] = []
        for item in server.search(context, filter_, _READ, deleted=True):
            entry = whole(item.dn, item.raw, self._old(item))
            unseen.discard(entry.guid)
            waiting.append(entry)
            if len(waiting) >= _GROUP:
                changed += self._take(waiting, first=first, server=server)
                waiting = []
            if self._stopping():
                return changed
        changed += self._take(waiting, first=first, server=server)
        if known is not None and self._due():
            seen = {_guid(i) for i in server.search(context, FILTER, ["objectGUID"], deleted=True)}  # fmt: skip
            unseen = mirror.guids(context) - seen
            self._counted = time.monotonic()
        changed += self._gone(unseen)
        with mirror.transaction():
            mirror.mark(context, place, str(reached).encode())
            mirror.mark(context, "complete", b"1")
        return changed

    def _due(self) -> bool:
        return time.monotonic() - self._counted >= _COUNT_AGAIN_S

    def _forget_cookie(self) -> None:
        with self._mirror.transaction():
            self._mirror.forget(self._context, "cookie")

    # --- taking -----------------------------------------------------------------------------------

    def _old(self, item: Found) -> Entry | None:
        return self._mirror.get(_guid(item))

    def _take(self, entries: Sequence[Entry], *, first: bool, server: Server | None = None) -> int:
        """Versions that differ from the last ones: told, and remembered, in one transaction."""
        mirror = self._mirror
        now = time.time_ns() // 1000
        taken = 0
        addresses = {e.guid: self._addresses(e, server) for e in entries}
        times: dict[str, int] = {}
        if self._late and server is not None and not first:
            times = _times(server, self._context, entries)
        with mirror.transaction():
            for entry in entries:
                old = mirror.get(entry.guid)
                if old == entry:
                    continue
                if old is not None and self._grown:
                    old = _as_if_read(old, entry, self._grown)
                taken += 1
                mirror.put(self._context, entry)
                ts = min(now, times.get(entry.guid, now))
                mirror.tell(told(old, entry, ts, addresses[entry.guid], first=first))
        return taken

    def _gone(self, guids: set[str]) -> int:
        """Objects that are there no more, and whose tombstones cannot be seen."""
        entries = []
        for guid in sorted(guids):
            old = self._mirror.get(guid)
            if old is not None and not old.deleted:
                attributes = {n: v for n, v in old.attributes.items() if n != "member"}
                entries.append(Entry(guid, old.dn, {**attributes, "isDeleted": ["TRUE"]}))
        return sum(self._take(group, first=False) for group in _groups(entries))

    def _addresses(self, entry: Entry, server: Server | None) -> list[str]:
        """Of a domain controller, by its name; looked up once."""
        host = (entry.first("dNSHostName") or "").lower()
        flags = entry.number("userAccountControl") or 0
        if not host or server is None or entry.deleted or not flags & (0x2000 | 0x4000000):
            return []
        if host not in self._names:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                self._names[host] = sorted({str(item[4][0]).partition("%")[0] for item in found})
            except (OSError, UnicodeError):
                own = server.address if host == server.root.host else None
                self._names[host] = [own] if own else []
        return self._names[host]


def told(
    old: Entry | None, new: Entry, ts: int, addresses: Sequence[str], *, first: bool
) -> Iterator[Event]:
    """The new version, and what was written between the two; a first reading tells versions only."""
    had = old.attributes.get("member", []) if old else []
    gained, lost = difference(had, new.attributes.get("member", []))
    yield from object_events(new, ts, gained=gained, lost=lost, addresses=addresses)
    if not first:
        yield from changes(old, new, ts)


def _as_if_read(old: Entry, new: Entry, attributes: set[str]) -> Entry:
    """The old version, with the attributes that were not read then as they are now."""
    now = {n: v for n, v in new.attributes.items() if n in attributes and n not in old.attributes}
    return Entry(old.guid, old.dn, {**old.attributes, **now})


def _groups(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (entries[start : start + _GROUP] for start in range(0, len(entries), _GROUP))


def _times(server: Server, context: str, entries: Sequence[Entry]) -> dict[str, int]:
    """When objects were changed last, by GUID; they changed while nobody looked."""
    found: dict[str, int] = {}
    for start in range(0, len(entries), _ASKED):
        group = entries[start : start + _ASKED]
        guids = "".join(f"(objectGUID={_escaped(e.guid)})" for e in group)
        for item in server.search(context, f"(|{guids})", ["whenChanged"], deleted=True):
            for values in item.raw.values():
                then = generalized_time(next((v.decode("ascii", "replace") for v in values), None))
                if then is not None:
                    found[_guid(item)] = then
    return found


def _escaped(guid: str) -> str:
    """A GUID in a filter: its bytes as they are stored."""
    try:
        return "".join(f"\\{byte:02x}" for byte in uuid.UUID(guid).bytes_le)
    except ValueError:
        return ""


def _guid(item: Found) -> str:
    return extended_dn(item.dn)[0] or whole(item.dn, item.raw, None).guid
