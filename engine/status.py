"""How an engine stands after a tick: a picture for other threads, which may not look into the engine.

Whoever owns the engine makes one after each tick and puts it in the place of the one before; nothing in
it changes afterwards. Knows no store and nobody who looks at it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from dsl import plan
from engine.in_force import InForce
from engine.profiles.state import ready_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.profiles.known import ProfileOf
    from engine.profiles.memory import Memory
    from engine.profiles.state import Ready
    from engine.run import Engine
    from engine.running import Rule, Running
    from engine.store.spool import Counts

BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the classes of durations; a last one has no end."""


class Durations:
    """How often something took how long; for one thread."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """It took so long this time."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._sum += seconds

    def told(self) -> Took:
        """All of it up to now."""
        return Took(tuple(self._counts), self._sum)


class Took(NamedTuple):
    """`counts`: how often within each class of `BOUNDS_S`; `seconds`: all together."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_S) + 1)
    seconds: float = 0.0


class Learning(NamedTuple):
    """A profile of a detection. `since`: the ts of the first row that it learnt; `through`: up to when
    it has learnt; `ready_from`: from when on it may be asked, as far as its age decides. None: not known.
    """

    profile: str
    since: int | None
    through: int | None
    ready_from: int | None

    @property
    def waits(self) -> bool:
        """Whether it may not be asked yet."""
        if self.since is None or self.through is None:
            return True
        return (self.ready_from or 0) > self.through


@dataclass(frozen=True, slots=True)
class Status:
    """Times in microseconds. `at`: wall clock of the tick, 0 before the first; `now`: event time.

    `rules` at work by id; `faults`: those that could not be computed, and why; `learning`: profiles by
    detection. `marks`, `late`: watermark, and events that came later than allowed, by event type; `taken`:
    events by (type, sensor) since the start. `forgotten`: by profile, values and keys without room.
    `waited`: for how many ticks each detection waits that had no turn. `complaints`: what goes wrong, by
    topic. `queued`: events that wait to be stored, by source. `sinks`: alerts on their way out.
    """

    at: int = 0
    now: int = 0
    rules: Mapping[str, Rule] = field(default_factory=dict)
    in_force: InForce = field(default_factory=InForce)
    faults: Mapping[str, str] = field(default_factory=dict)
    learning: Mapping[str, Sequence[Learning]] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[tuple[str, str], int] = field(default_factory=dict)
    forgotten: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    waited: Sequence[int] = ()
    ticks: Took = field(default_factory=Took)
    complaints: Mapping[str, str] = field(default_factory=dict)
    queued: Mapping[str, int] = field(default_factory=dict)
    sinks: Sequence[Counts] = ()


class Pictures:
    """Makes pictures of an engine. For the thread that owns it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ready: dict[str, tuple[plan.DetectionPlan, dict[str, Ready | None]]] = {}

    def take(
        self,
        at: int,
        *,
        in_force: InForce,
        ticks: Took,
        complaints: Mapping[str, str],
        queued: Mapping[str, int],
        sinks: Sequence[Counts],
    ) -> Status:
        """How it stands now."""
        engine, memory = self._engine, self._engine.memory
        known = memory.known.values() if memory is not None else ()
        return Status(
            at=at,
            now=engine.watermarks.now,
            rules={name: running.rule for name, running in engine.running.items()},
            in_force=in_force,
            faults=dict(engine.faults),
            learning={
                name: learnt
                for name, running in engine.running.items()
                if (learnt := self._learning(running))
            },
            marks=dict(engine.watermarks.marks),
            late=dict(engine.watermarks.late),
            taken=dict(engine.taken),
            forgotten={k.name: (k.upkeep.cut, k.upkeep.forgotten) for k in known},
            waited=tuple(engine.turns.waited()),
            ticks=ticks,
            complaints={topic: words for topic, words in complaints.items() if words},
            queued=dict(queued),
            sinks=tuple(sinks),
        )

    def _learning(self, running: Running) -> list[Learning]:
        detection = running.rule.plan
        if not running.compiled.learnings:
            return []
        before, ready = self._ready.get(detection.id, (None, {}))
        if before is not detection:
            nodes = {**dict(detection.shared), **dict(detection.relations)}
            ready = {n: ready_of(p) for n, p in nodes.items() if isinstance(p, plan.Profile)}
            self._ready[detection.id] = detection, ready
        return [
            _learning_of(each.profile, ready.get(each.profile.name), self._engine.memory)
            for each in running.compiled.learnings
        ]


def _learning_of(profile: ProfileOf, ready: Ready | None, memory: Memory | None) -> Learning:
    known = None if memory is None else memory.known.get(profile.hash)
    if known is None or known.progress.earliest is None:
        return Learning(profile.name, None, None, None)
    since, through = known.progress.earliest, known.progress.through
    return Learning(profile.name, since, through, None if ready is None else since + ready.age)
