"""Alerts that belong together: who shares an account, a machine or a ticket within a time is one incident.

An entity is a name that holds over time, never an address as such: an address without a name stands for a
machine only as long as nobody else is likely to have got it. What everybody shares joins nobody. Pure;
decision 0049 has the reasons and figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Kind = Literal["account", "host", "unnamed", "ticket"]
_HOUR_US: Final = 3_600_000_000
APART_US: Final[dict[Kind, int]] = {
    "account": 24 * _HOUR_US, "host": 24 * _HOUR_US, "unnamed": _HOUR_US, "ticket": 24 * _HOUR_US,
}  # fmt: skip
"""How long after the last sign of an alert another one may begin, to be joined by an entity of a kind."""
LONGEST_US: Final = 14 * 24 * _HOUR_US
"""From the first to the last sign of an incident: a chain of joins does not go on for ever."""
FEW: Final = 3
"""A role with more names is a crowd, as the victims of a spray: it joins nothing."""


class Part(NamedTuple):
    """Who takes part in an alert, in which role; `certainty`: of the name, where it was resolved."""

    entity: str
    kind: Kind
    role: str
    certainty: str | None = None


class Sign(NamedTuple):
    """An alert: its first and last sign in microseconds, and who takes part."""

    number: int
    first: int
    last: int
    parts: tuple[Part, ...]


class Link(NamedTuple):
    """Why two alerts are together: the entity that both have, as what in each; `apart`: microseconds from
    the last sign of the earlier one to the first of the later one, 0 where they overlap.
    """

    earlier: int
    later: int
    entity: str
    kind: Kind
    roles: tuple[str, str]
    certainty: str | None
    apart: int


class Incident(NamedTuple):
    """`numbers` of its alerts in the order of their first signs; every one of them is in a link."""

    numbers: tuple[int, ...]
    links: tuple[Link, ...]


def crowdless(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Without the roles that have more than a few names."""
    by: dict[str, list[Part]] = {}
    for part in dict.fromkeys(parts):
        by.setdefault(part.role, []).append(part)
    return tuple(part for found in by.values() if len(found) <= FEW for part in found)


def incidents(signs: Iterable[Sign], everybodys: Callable[[str], bool]) -> list[Incident]:
    """Incidents of two alerts and more, the one with the newest sign first; `everybodys`: whether an entity
    is shared by all, such as a domain controller.
    """
    ordered = sorted(signs, key=lambda s: (s.first, s.number))
    groups = _Groups(ordered)
    newest: dict[tuple[str, bool], tuple[Sign, Part]] = {}
    links: list[Link] = []
    for sign in ordered:
        for part in _once(crowdless(sign.parts)):
            if everybodys(part.entity):
                continue
            origin = _origin(part)
            before = newest.get((part.entity, not origin))
            if before is not None and before[0] is not sign:
                link = _link(before[0], before[1], sign, part)
                if link is not None and groups.join(link.earlier, link.later):
                    links.append(link)
            for key in ((part.entity, False), *(((part.entity, True),) if origin else ())):
                if key not in newest or newest[key][0].last <= sign.last:
                    newest[key] = sign, part
    return groups.found(ordered, links)


def _origin(part: Part) -> bool:
    """Two alerts against one machine are not one attack: it must have come from there once."""
    return part.kind != "host" or part.role == "source"


def _once(parts: Iterable[Part]) -> Iterable[Part]:
    """Each entity in one role, the one that says most."""
    first: dict[str, Part] = {}
    for part in sorted(parts, key=lambda p: (not _origin(p), p.role != "actor")):
        first.setdefault(part.entity, part)
    return first.values()


def _link(earlier: Sign, was: Part, later: Sign, part: Part) -> Link | None:
    apart = max(0, later.first - earlier.last)
    if apart > APART_US[part.kind]:
        return None
    return Link(
        earlier.number, later.number, part.entity, part.kind, (was.role, part.role),
        _weaker(was.certainty, part.certainty), apart,
    )  # fmt: skip


def _weaker(one: str | None, other: str | None) -> str | None:
    order = ("none", "low", "medium", "high")
    known = [c for c in (one, other) if c in order]
    return min(known, key=order.index, default=None)


class _Groups:
    """Alerts in groups that grow together, none longer than may be."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._of = {s.number: s.number for s in signs}
        self._span = {s.number: (s.first, s.last) for s in signs}

    def join(self, a: int, b: int) -> bool:
        """Whether both are in one group now."""
        one, other = self._root(a), self._root(b)
        if one == other:
            return True
        low = min(self._span[one][0], self._span[other][0])
        high = max(self._span[one][1], self._span[other][1])
        if high - low > LONGEST_US:
            return False
        self._of[other] = one
        self._span[one] = low, high
        return True

    def found(self, ordered: Sequence[Sign], links: Sequence[Link]) -> list[Incident]:
        """Groups with links, newest first."""
        numbers: dict[int, list[int]] = {}
        why: dict[int, list[Link]] = {}
        for sign in ordered:
            numbers.setdefault(self._root(sign.number), []).append(sign.number)
        for link in links:
            why.setdefault(self._root(link.later), []).append(link)
        roots = sorted(why, key=lambda r: (self._span[r][1], r), reverse=True)
        return [Incident(tuple(numbers[r]), tuple(why[r])) for r in roots]

    def _root(self, number: int) -> int:
        while (above := self._of[number]) != number:
            self._of[number] = self._of[above]
            number = above
        return number
