"""Which share of ordinary traffic a sensor sends on: the engine's filter, applied before the spool.

Of a type in the filter an event is needed when all tests of some clause hold for it; any other is
ordinary and is sent with the type's share. Records of logs, types that are not in the filter, and
the first of each minute from each server always are: by these the engine sees that a source lives. Which
events of a share are sent depends on their number alone. Knows no detection and no disk.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal
from zlib import crc32

import msgspec

from dsl.schema.registry import event_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.schema.base import Event

_VIA: Final = frozenset({"wire", "zeek"})
_SIGN_US: Final = 60_000_000
_MOST_SERVERS: Final = 65_536

Operator = Literal["in", "not in", "unlike", "null", "known"]
"""`not in` needs a value, `unlike` holds without one, too."""


class Test(msgspec.Struct, array_like=True, frozen=True):
    """What a field of an event must be: see `Operator`."""

    field: str
    operator: Operator
    values: tuple[str | int | bool, ...] = ()

    __test__ = False  # no test of pytest's

    def holds(self, event: Event) -> bool:
        """Whether it is. A field that this release does not know holds: rather too much is sent."""
        if self.field not in event.__struct_fields__:
            return True
        value = getattr(event, self.field)
        match self.operator:
            case "in":
                return value is not None and value in self.values
            case "not in":
                return value is not None and value not in self.values
            case "unlike":
                return value is None or value not in self.values
            case "null":
                return value is None
            case "known":
                return value is not None


class Rule(msgspec.Struct, array_like=True, frozen=True):
    """Of one type: the share of ordinary events that is sent, 0 to 1, and clauses of needed ones."""

    type: str
    share: float
    clauses: tuple[tuple[Test, ...], ...]


class Filter(msgspec.Struct, array_like=True, frozen=True):
    """What an engine wants of its sensors; `version` tells it from others, "" is that of none."""

    version: str = ""
    rules: tuple[Rule, ...] = ()


class Sampling:
    """Applies a filter to what all inputs of a sensor tell. `left_out` counts by type."""

    def __init__(self) -> None:
        self.filter = Filter()
        self.left_out: Counter[str] = Counter()
        self._rules: dict[str, Rule] = {}
        self._signs: dict[tuple[str | None, ...], int] = {}

    def use(self, wanted: Filter) -> None:
        """From the next event on."""
        self.filter = wanted
        self._rules = {rule.type: rule for rule in wanted.rules if rule.share < 1}

    def sent(self, events: Iterable[Event]) -> list[Event]:
        """Those that go to the engine."""
        if not self._rules:
            return list(events)
        return [event for event in events if self._is_sent(event)]

    def _is_sent(self, event: Event) -> bool:
        kind = event_type(event)
        rule = self._rules.get(kind)
        if rule is None or event.via not in _VIA:
            return True
        if any(all(test.holds(event) for test in clause) for clause in rule.clauses):
            return True
        if self._is_sign(event, kind) or _drawn(event, rule.share):
            return True
        self.left_out[kind] += 1
        return False

    def _is_sign(self, event: Event, kind: str) -> bool:
        answer = getattr(event, "rcode", None)
        key = (event.sensor, kind, event.via, event.dst_ip, answer)
        before = self._signs.get(key)
        if before is not None and 0 <= event.ts - before < _SIGN_US:
            return False
        if len(self._signs) >= _MOST_SERVERS:
            self._signs.clear()
        self._signs[key] = event.ts
        return True


def _drawn(event: Event, share: float) -> bool:
    number = crc32(f"{event.sensor}/{event.seq}".encode())
    return number < share * (1 << 32)
