"""Memberships of a synchronised directory: direct links in, closed ones out, as intervals.

Links name members by SID, or by DN as long as their object has not come; primary groups and members
of other domains are members too (MS-ADTS §3.1.1.4.5.2, MS-ADA3 primaryGroupID).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.entities_rows import DirLink, DirMember
from engine.entities_wellknown import split_sid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.entities import Directory
    from engine.entities_known import Known, Register
    from engine.entities_membership import Memberships
    from engine.entities_told import Told


class Links:
    """Who is in which group. Tells `directory` the rows, and `told` whom they concern."""

    def __init__(
        self, directory: Directory, register: Register, memberships: Memberships, told: Told
    ) -> None:
        self._directory = directory
        self._register = register
        self._memberships = memberships
        self._told = told
        self._waiting: dict[str, set[str]] = {}
        """DN that no object has yet -> groups it is a member of."""

    def change(
        self, group: str, gained: Iterable[str] | None, lost: Iterable[str] | None, ts: int
    ) -> None:
        """Direct members (SID or DN) of a group came and went."""
        came: list[str] = []
        went: list[str] = []
        for found, refs, there in ((came, gained, True), (went, lost, False)):
            for ref in refs or ():
                sid = ref if ref[:4] == "S-1-" else self._register.by_dn.get(ref.lower())
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

    def named(self, dn: str, sid: str) -> None:
        """A DN has its object: links that waited for it are of its SID."""
        for group in self._waiting.pop(dn, None) or ():
            self._directory.step("dir_link", (group, dn), 0, None)
            owner = self._register.of_sid(group)
            self.change(group, [sid], (), owner.since if owner else 0)

    def primary(self, known: Known, rid: int | None, ts: int) -> None:
        """The primary group of an account; None: it has none any more."""
        parts = split_sid(known.sid)
        group = f"{parts[0]}-{rid}" if parts and rid is not None else None
        if group == known.primary:
            return
        if known.primary is not None:
            self._moved(self._memberships.change(known.primary, (), [known.sid]), ts)
        if group is not None:
            self._moved(self._memberships.change(group, [known.sid]), ts)
        known.primary = group

    def arrived(self, sid: str, ts: int) -> None:
        """Memberships that could not be told as long as this principal had no name."""
        for group in self._memberships.groups(sid):
            self._member(group, sid, ts, there=True)
        for member in self._memberships.members(sid):
            self._member(sid, member, ts, there=True)

    def renamed(self, known: Known, ts: int) -> None:
        """What was told under the key that it has still ends; `arrived` tells it under the next."""
        for group in self._memberships.groups(known.sid):
            self._member(group, known.sid, ts, there=False)
        if known.plain.kind == "group":
            for member in self._memberships.members(known.sid):
                self._member(known.sid, member, ts, there=False)

    def gone(self, sid: str, ts: int) -> None:
        """A principal is gone: it is in no group, and nobody is in it."""
        for group in list(self._memberships.groups(sid)):
            if sid in self._memberships.direct(group):
                self.change(group, (), [sid], ts)
        self.change(sid, (), list(self._memberships.direct(sid)), ts)

    def _moved(self, moves: Iterable[tuple[str, frozenset[str], frozenset[str]]], ts: int) -> None:
        touched = []
        for member, gained, lost in moves:
            for group in gained:
                self._member(group, member, ts, there=True)
            for group in lost:
                self._member(group, member, ts, there=False)
            touched.append(member)
        self._told.again(touched, ts)

    def _member(self, group: str, member: str, ts: int, *, there: bool) -> None:
        owner = self._register.of_sid(group)
        group_key = owner.plain.key if owner is not None else None
        member_key = self._register.key(member)
        if group_key is None or member_key is None:
            return
        pair = group_key, member_key
        self._directory.step("dir_member", pair, ts, DirMember(*pair) if there else None)
        self._told.news(ts)
