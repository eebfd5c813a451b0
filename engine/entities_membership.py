"""Who is in which group through other groups, kept up link by link.

Nodes are SIDs. Groups of groups may form cycles, also by malice; each walk visits a node once.
Knows no directory and no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_NONE: Final[frozenset[str]] = frozenset()


class Moved(NamedTuple):
    """A member that came into groups, or left them, directly or through others."""

    member: str
    gained: frozenset[str]
    lost: frozenset[str]


class Memberships:
    """The graph and its transitive closure."""

    def __init__(self) -> None:
        self._up: dict[str, set[str]] = {}
        self._down: dict[str, set[str]] = {}
        self._groups: dict[str, frozenset[str]] = {}
        # most members share their groups with many others
        self._same: dict[frozenset[str], frozenset[str]] = {}

    def groups(self, member: str) -> frozenset[str]:
        """All groups that a member is in."""
        return self._groups.get(member, _NONE)

    def direct(self, group: str) -> set[str]:
        """The direct members of a group."""
        return self._down.get(group, set())

    def members(self, group: str) -> set[str]:
        """All members of a group."""
        return _reached(self._down, group)

    def change(self, group: str, gained: Iterable[str], lost: Iterable[str] = ()) -> list[Moved]:
        """Direct members come and go; everybody for whom that changed anything."""
        touched: set[str] = set()
        for member in lost:
            if group in self._up.get(member, ()):
                self._up[member].discard(group)
                self._down[group].discard(member)
                touched.add(member)
        for member in gained:
            if member != group and group not in self._up.get(member, ()):
                self._up.setdefault(member, set()).add(group)
                self._down.setdefault(group, set()).add(member)
                touched.add(member)
        for member in list(touched):
            if member in self._down:
                touched |= _reached(self._down, member)
        return [moved for member in sorted(touched) if (moved := self._again(member)) is not None]

    def _again(self, member: str) -> Moved | None:
        before = self.groups(member)
        now = frozenset(_reached(self._up, member) - {member})
        if now == before:
            return None
        self._groups[member] = self._same.setdefault(now, now)
        return Moved(member, now - before, before - now)


def _reached(edges: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(edges.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += edges.get(node, ())
    return found
