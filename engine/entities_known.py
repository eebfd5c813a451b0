"""Principals of a synchronised directory by GUID, SID and DN. Knows no group and no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.entities_wellknown import split_sid

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.entities_rows import DirObject


class Known(msgspec.Struct):
    """A principal: its entity without what groups add, as it was handed over, and its SPNs."""

    sid: str
    since: int
    plain: DirObject
    told: DirObject | None = None
    host: DirObject | None = None
    spns: frozenset[str] = frozenset()
    primary: str | None = None


class Register:
    """Who is known. `elsewhere`: the name of a SID that is no principal of these domains."""

    def __init__(self, elsewhere: Callable[[str], str | None]) -> None:
        self.by_dn: dict[str, str] = {}
        """DN in lower case -> SID."""
        self._objects: dict[str, Known] = {}
        self._by_sid: dict[str, str] = {}
        self._domain_sids: set[str] = set()
        """Domains whose principals come from here, now or in a moment."""
        self._elsewhere = elsewhere

    def get(self, guid: str) -> Known | None:
        """The principal of a GUID."""
        return self._objects.get(guid)

    def add(self, guid: str, known: Known) -> None:
        """A principal that was not known."""
        self._objects[guid] = known

    def index(self, guid: str, sid: str) -> None:
        """The SID of a principal leads to it."""
        self._by_sid[sid] = guid
        parts = split_sid(sid)
        if parts is not None:
            self._domain_sids.add(parts[0])

    def of_sid(self, sid: str) -> Known | None:
        """The principal of a SID."""
        return self._objects.get(self._by_sid.get(sid, ""))

    def key(self, sid: str) -> str | None:
        """The key of a SID; None as long as its object has not come."""
        known = self.of_sid(sid)
        if known is not None:
            return known.plain.key
        parts = split_sid(sid)
        own = parts is not None and parts[0] in self._domain_sids
        return None if own else self._elsewhere(sid)
