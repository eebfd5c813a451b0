"""What a profile knows, for people: how many keys, since when, which of them may be asked.

A profile's `ready` is understood as far as it is a chain of `age >= …` and `n >= …`, as nearly all
are; of any other it is not said who is ready. Reads parts, knows no events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dsl import plan
from engine.profiles.part import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.profiles.known import ProfileOf
    from engine.store.parts import Parts, Progress

_part = msgspec.msgpack.Decoder(Part).decode


@dataclass(frozen=True, slots=True)
class Ready:
    """From what age (microseconds) and how many rows of a key on a profile may be asked."""

    age: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What one profile has learnt. Times in microseconds: the first row ever, the time learnt up to.
    `span`: the time learnt in the window. `keys`, of which `seldom` have too few rows to be asked;
    `withheld`: those of which something does not count because it is behind alerts. `cut`: values
    that found no room.
    """

    first: int | None
    through: int
    span: int
    keys: int
    seldom: int
    parts: int
    withheld: int
    cut: int


@dataclass(frozen=True, slots=True)
class Learning:
    """How a profile of a detection stands. `state`: None where nothing was learnt; `ready`: as
    `ready_of` says.
    """

    profile: ProfileOf
    state: State | None
    ready: Ready | None

    @property
    def ready_from(self) -> int | None:
        """From when on it may be asked, as far as its age decides; None where that is not known."""
        if self.state is None or self.state.first is None or self.ready is None:
            return None
        return self.state.first + self.ready.age

    @property
    def waits(self) -> bool:
        """Whether it may not be asked yet."""
        if self.state is None or self.state.first is None:
            return True
        return (self.ready_from or 0) > self.state.through


def learnings_of(
    detection: plan.DetectionPlan, profiles: Iterable[ProfileOf], parts: Parts | None
) -> Iterator[Learning]:
    """How the compiled profiles of a detection stand in the parts; None where there are none yet."""
    nodes = dict(detection.shared) | dict(detection.relations)
    known = {} if parts is None else parts.progress()
    for profile in profiles:
        node = nodes[profile.name]
        ready = ready_of(node) if isinstance(node, plan.Profile) else None
        progress = known.get(profile.hash)
        state = None
        if parts is not None and progress is not None:
            state = state_of(parts, progress, profile.over, ready)
        yield Learning(profile, state, ready)


def ready_of(profile: plan.Profile) -> Ready | None:
    """The `ready` of a profile; None where it is another condition."""
    age = rows = 0
    waiting = [] if profile.ready is None else [profile.ready]
    while waiting:
        match waiting.pop():
            case plan.Op("and", left, right):
                waiting += [left, right]
            case plan.Op(">=", plan.Col("age"), plan.Lit(int(value))):
                age = max(age, value)
            case plan.Op(">=", plan.Col("n"), plan.Lit(int(value))):
                rows = max(rows, value)
            case _:
                return None
    return Ready(age, rows)


def state_of(parts: Parts, progress: Progress, over: int, ready: Ready | None) -> State:
    """What a profile knows, from a look at all of its parts."""
    through, begin = progress.through, progress.through - over
    keys = seldom = count = withheld = cut = 0
    for found in _by_key(parts, progress.id):
        inside = [p for p in found if p.begin + p.width > begin]
        counted = [p for p in inside if p.counts(through)]
        count += len(found)
        cut += sum(p.cut for p in inside)
        withheld += len(counted) < len(inside)
        if counted:
            keys += 1
            seldom += ready is not None and sum(p.count for p in counted) < ready.rows
    first = progress.earliest
    span = 0 if first is None else min(over, through - max(first, progress.since))
    return State(first, through, span, keys, seldom, count, withheld, cut)


def _by_key(parts: Parts, profile: int) -> Iterator[list[Part]]:
    """The parts of one key after the other."""
    last, held = b"", list[Part]()
    for key, data in parts.every(profile):
        if key != last and held:
            yield held
            held = []
        last = key
        held.append(_part(data))
    if held:
        yield held
