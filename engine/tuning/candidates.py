"""Exclusions that would silence false positives, the one that silences least first. Pure.

A candidate is one or several entries of a list: values of roles that must be met together, a value
in a list that the rule names in `except`, or a tag that what was seen bears. Whether rows are
silenced is asked of the very code that excludes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from engine.backends.duckdb.exclusions import Excepted, Exclusions
from engine.lists import list_row, together_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dsl.plan import DetectionPlan
    from dsl.schema.base import KindName
    from dsl.types import Type
    from engine.alerts import AlertRow, Scalar
    from engine.lists import ListRow
    from engine.tuning.past import PastAlert

    TagsOf = Callable[[str, int], frozenset[str]]

_ENTITIES: Final = frozenset({"account", "host", "group", "ip", "service"})
_MOST_ROLES: Final = 3
_MOST_ENTRIES: Final = 10
"""A candidate that needs more entries than this is no exclusion but a flaw of the rule."""
_NEVER: Final = frozenset({"honeytoken", "sensitive"})
"""Tags of what is watched most closely are no reason to look away."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `roles` to be met together, or a plain `value`."""

    roles: tuple[tuple[str, str], ...] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Entries for the list `into`. `breadth` orders those that silence equally much: less is
    narrower.
    """

    into: str
    entries: tuple[Entry, ...]
    breadth: int

    def rows(self, kind: KindName) -> list[ListRow]:
        """The entries as the store would have them; `kind`: the list's."""
        return [
            together_row(self.into, dict(e.roles))
            if e.roles
            else list_row(self.into, kind, e.value)
            for e in self.entries
        ]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a candidate would have done: alerts that `vanish`, alerts that lose rows (`thinned`)."""

    vanish: tuple[PastAlert, ...]
    thinned: tuple[PastAlert, ...]

    @property
    def lost(self) -> tuple[PastAlert, ...]:
        """Known true positives that would not have been told in full."""
        return tuple(a for a in (*self.vanish, *self.thinned) if a.verdict == "true_positive")


class Roles:
    """The roles of a detection's alerts, in one order for all of its statements."""

    def __init__(self, built: DetectionPlan) -> None:
        self.id = built.id
        self.types: dict[str, Type] = {}
        self.lists: dict[str, str] = {}
        """Roles that an `except` names, with its list."""
        dedup: set[str] = set()
        for alert in built.alerts:
            for name, value in alert.roles:
                self.types.setdefault(name, value.type)
            dedup |= {name for name, _ in alert.dedup_by}
            for value, listed in alert.excepts:
                named = [n for n, role in alert.roles if role == value]
                self.lists |= dict.fromkeys(named, listed.name)
        self.usable = [
            n
            for n, t in self.types.items()
            if t.kind in _ENTITIES or (n in dedup and t.kind == "text")
        ]
        self._names = list(self.types)

    def holds(self, rows: Sequence[ListRow], tags: TagsOf) -> Callable[[AlertRow], bool]:
        """Whether these entries exclude a row."""
        exceptions = [
            Excepted(i, self.id, t, frozenset({t.kind, "text", "any", n}), n)
            for i, (n, t) in enumerate(self.types.items())
        ]
        exceptions += [
            Excepted(self._names.index(role), name, self.types[role])
            for role, name in self.lists.items()
        ]
        exclusions = Exclusions(exceptions, rows, lambda v, tag, ts: tag in tags(v, ts))
        return lambda row: exclusions.hold([row.roles.get(n) for n in self._names], row.ts)


def candidates(roles: Roles, false: Sequence[AlertRow], tags: TagsOf) -> Iterator[Candidate]:
    """Everything that would silence all of these rows."""
    values = {role: found for role in roles.usable if (found := _values(role, false))}
    for size in range(min(_MOST_ROLES, len(values)), 0, -1):
        for chosen in combinations(values, size):
            tuples = dict.fromkeys(zip(*(values[role] for role in chosen), strict=True))
            entries = tuple(Entry(roles=tuple(zip(chosen, t, strict=True))) for t in tuples)
            if len(entries) <= _MOST_ENTRIES:
                yield Candidate(roles.id, entries, _MOST_ROLES - size)
    for role, name in roles.lists.items():
        plain = dict.fromkeys(values.get(role, ()))
        if 0 < len(plain) <= _MOST_ENTRIES:
            yield Candidate(name, tuple(Entry(value=v) for v in plain), _MOST_ROLES)
    for role, found in values.items():
        shared = [tags(v, row.ts) for v, row in zip(found, false, strict=True)]
        for tag in sorted(frozenset.intersection(*shared) - _NEVER):
            yield Candidate(roles.id, (Entry(roles=((role, f"tag:{tag}"),)),), _MOST_ROLES + 1)


def effect(holds: Callable[[AlertRow], bool], alerts: Sequence[PastAlert]) -> Effect:
    """What entries would have done to these alerts."""
    vanish, thinned = [], []
    for alert in alerts:
        gone = sum(map(holds, alert.rows))
        if gone == len(alert.rows):
            vanish.append(alert)
        elif gone:
            thinned.append(alert)
    return Effect(tuple(vanish), tuple(thinned))


def _values(role: str, rows: Sequence[AlertRow]) -> list[str]:
    """The one value of a role in each of the rows; none where a row has none or several."""
    found = []
    for row in rows:
        value = row.roles.get(role)
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        if one is None or isinstance(one, list):
            return []
        found.append(_text(one))
    return found


def _text(value: Scalar) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
