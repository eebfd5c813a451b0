"""Which hosts are domain controllers, learnt from what they were seen to serve.

Used where no directory says it. Each kind of evidence counts once; two kinds, or a record written
by the controller itself, make it certain. A controller being promoted replicates before it serves,
so what is learnt holds from 15 minutes before the first evidence.

What an attacker can do with this. A host under his control can answer his own client as a KDC, or
serve DRSUAPI, and so become a domain controller *of low certainty* for us; from then on rules that
say `not is_dc(source)` do not see it. A rogue controller registered in the configuration partition
(DCShadow) makes a real one call its DRSUAPI, which is the very evidence of a joining controller.
The remedy is a directory: hosts it declares, and hosts of its domains it does not call domain
controllers, are never changed by learning. Every controller learnt is listed with its evidence.

Knows no event types and no store.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.entities_rows import FOREVER, Certainty

BEFORE_US: Final = 15 * 60 * 1_000_000
"""How far before its first evidence a learnt domain controller is taken to be one."""
CERTAIN: Final = frozenset({"log"})
"""Kinds of evidence that suffice alone: audit records only a domain controller writes."""


class Part(msgspec.Struct):
    """A host serves as a domain controller from `first` (its first evidence) to `until`."""

    first: int
    until: int = FOREVER
    kinds: set[str] = msgspec.field(default_factory=set)

    @property
    def since(self) -> int:
        """Begin of the interval in which it counts as a domain controller."""
        return max(0, self.first - BEFORE_US)

    @property
    def certainty(self) -> Certainty:
        """High with two kinds of evidence or one that suffices alone."""
        return "high" if len(self.kinds) > 1 or self.kinds & CERTAIN else "low"


class Roles:
    """Learnt domain controllers by key of host, pseudo-host or computer account."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}

    def get(self, key: str) -> Part | None:
        """What was learnt of a key."""
        return self._parts.get(key)

    def serves(self, key: str, ts: int) -> bool:
        """Whether a key was a domain controller then, as far as learnt."""
        part = self._parts.get(key)
        return part is not None and part.since <= ts < part.until

    def learn(self, key: str, kind: str, ts: int) -> bool:
        """A piece of evidence; True where it changed anything."""
        part = self._parts.get(key)
        if part is None:
            self._parts[key] = Part(ts, kinds={kind})
            return True
        known = kind in part.kinds and part.first <= ts < part.until
        part.kinds.add(kind)
        part.first = min(part.first, ts)
        if ts >= part.until:
            part.until = FOREVER
        return not known

    def end(self, key: str, ts: int) -> bool:
        """Another host took the address over: what was learnt of it ends."""
        part = self._parts.get(key)
        if part is None or part.until <= ts or ts <= part.first:
            return False
        part.until = ts
        return True

    def all(self) -> dict[str, Part]:
        """Every learnt part by key."""
        return self._parts

    def restore(self, key: str, part: Part) -> None:
        """Take up what was learnt before a restart."""
        self._parts[key] = part
