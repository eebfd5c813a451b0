"""What the host and the control groups of this process have and use, and what of it is ours.

The only part that asks the system. Processor time is that of the time since the reading before.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from sensor.govern.cgroups import ROOT, Group, groups

_MEMBERSHIP: Final = Path("/proc/self/cgroup")


class Room(NamedTuple):
    """The host or a group: what it has and how much is used, by everybody in it; cores or bytes."""

    name: str
    capacity: float
    used: float


class Reading(NamedTuple):
    """Rooms that this process lives in. `own_cores`: processor time that it used a second;
    `own_memory`: its bytes in memory.
    """

    processor: tuple[Room, ...]
    memory: tuple[Room, ...]
    own_cores: float
    own_memory: int


class Host:
    """Reads the machine that this process runs on. `root` and `membership`: see `cgroups`."""

    def __init__(self, root: Path = ROOT, membership: Path = _MEMBERSHIP) -> None:
        self._root = root
        self._membership = membership
        self._own = psutil.Process()
        self._cores = psutil.cpu_count() or 1
        self._before = self._now()

    def read(self) -> Reading:
        """Since the call before."""
        before, self._before = self._before, self._now()
        now = self._before
        elapsed = max(now.at - before.at, 1e-3)
        busy = self._cores - (now.idle - before.idle) / elapsed
        processor = [Room("host", self._cores, min(max(busy, 0.0), self._cores))]
        memory = psutil.virtual_memory()
        rooms = [Room("host", memory.total, memory.total - memory.available)]
        for name, group in now.groups.items():
            known = before.groups.get(name)
            if group.cores is not None and known is not None:
                spent = max(0.0, group.spent - known.spent) / elapsed
                processor.append(Room(name, min(group.cores, self._cores), spent))
            if group.memory is not None and group.memory < memory.total:
                rooms.append(Room(name, group.memory, group.used))
        own = max(0.0, now.own - before.own) / elapsed
        return Reading(tuple(processor), tuple(rooms), own, self._own.memory_info().rss)

    def _now(self) -> _Counters:
        times = psutil.cpu_times()
        own = self._own.cpu_times()
        try:
            membership = self._membership.read_text("utf-8", "replace")
        except OSError:  # not Linux
            membership = ""
        found = {group.name: group for group in groups(membership, self._root)}
        idle = times.idle + getattr(times, "iowait", 0.0)
        return _Counters(time.monotonic(), idle, own.user + own.system, found)


class _Counters(NamedTuple):
    """Since the system's start, in seconds."""

    at: float
    idle: float
    own: float
    groups: dict[str, Group]
