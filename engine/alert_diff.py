"""Two sets of alerts over the same events, compared: what only one has, and what changed.

Alerts are paired by what they are about, for another version of a rule gives other ids: equal
values of the dedup columns that both have, at overlapping times. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.alerts import dedup_key
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.alert_records import Alert
    from engine.alerts import RoleValue


@dataclass(frozen=True, slots=True)
class Changed:
    """One alert as both have it. `fields`: name -> (old, new); roles by their names."""

    old: Alert
    new: Alert
    fields: dict[str, tuple[RoleValue, RoleValue]]


@dataclass(slots=True)
class Difference:
    """`same` counts pairs without a change; `days`: UTC day of the first row -> (old, new)."""

    only_old: list[Alert] = field(default_factory=list)
    only_new: list[Alert] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    same: int = 0
    days: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.only_old or self.only_new or self.changed)


def compare(
    old: Sequence[Alert], new: Sequence[Alert], renamed: Mapping[str, str] | None = None
) -> Difference:
    """What the new alerts are to the old ones. `renamed`: id of an old detection -> of its heir."""
    names = renamed or {}
    found = Difference(days=_days(old, new))
    mine = _by_detection(old, names)
    theirs = _by_detection(new, {})
    for detection in sorted(mine.keys() | theirs.keys()):
        _compare(mine.get(detection, []), theirs.get(detection, []), found)
    for alerts in (found.only_old, found.only_new):
        alerts.sort(key=lambda a: (a.first_row, a.detection, a.id))
    found.changed.sort(key=lambda c: (c.new.first_row, c.new.detection, c.new.id))
    return found


def _by_detection(alerts: Iterable[Alert], names: Mapping[str, str]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        found.setdefault(names.get(alert.detection, alert.detection), []).append(alert)
    return found


def _compare(old: Sequence[Alert], new: Sequence[Alert], found: Difference) -> None:
    common = {n for a in old[:1] for n in a.dedup_values}
    common &= {n for a in new[:1] for n in a.dedup_values}
    waiting: dict[bytes, list[Alert]] = {}
    for alert in sorted(new, key=_begin):
        waiting.setdefault(_about(alert, common), []).append(alert)
    for alert in sorted(old, key=_begin):
        there = waiting.get(_about(alert, common), [])
        partner = next((a for a in there if _overlap(alert, a)), None)
        if partner is None:
            found.only_old.append(alert)
            continue
        there.remove(partner)
        fields = dict(_fields(alert, partner))
        if fields:
            found.changed.append(Changed(alert, partner, fields))
        else:
            found.same += 1
    found.only_new += [a for left in waiting.values() for a in left]


def _fields(old: Alert, new: Alert) -> Iterator[tuple[str, tuple[RoleValue, RoleValue]]]:
    for name in ("severity", "confidence"):
        values = getattr(old, name), getattr(new, name)
        if values[0] != values[1]:
            yield name, values
    for role in sorted(old.roles.keys() | new.roles.keys()):
        pair = old.roles.get(role), new.roles.get(role)
        if pair[0] != pair[1]:
            yield role, pair


def _about(alert: Alert, names: Iterable[str]) -> bytes:
    return dedup_key(tuple(alert.dedup_values.get(n) for n in sorted(names)))


def _begin(alert: Alert) -> tuple[int, str]:
    return alert.first_row, alert.id


def _overlap(one: Alert, other: Alert) -> bool:
    return one.first_seen <= other.last_row and other.first_seen <= one.last_row


def _days(old: Iterable[Alert], new: Iterable[Alert]) -> dict[str, tuple[int, int]]:
    before = Counter(iso(a.first_row)[:10] for a in old)
    after = Counter(iso(a.first_row)[:10] for a in new)
    return {day: (before[day], after[day]) for day in sorted(before.keys() | after.keys())}
