"""Limits that control groups set to this process, of version 1 and 2, and what their groups use.

Functions of a tree of files, so tests bring trees of their own. Knows no clock and no other process.
References: cgroups(7); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of Linux.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path("/sys/fs/cgroup")
_UNLIMITED: Final = 1 << 60
"""Version 1 says «no limit» by a number near 2**63."""


class Group(NamedTuple):
    """A group with a limit. `cores`: processor time a second that it may use; `spent`: seconds of it
    that it used so far; `memory`: bytes that it may use; `used`: bytes that it uses and cannot give
    back. None: not limited here.
    """

    name: str
    cores: float | None = None
    spent: float = 0.0
    memory: int | None = None
    used: int = 0


def groups(membership: str, root: Path = ROOT) -> list[Group]:
    """The groups with a limit that a process is in, its own and those above. `membership`: its
    /proc/self/cgroup.
    """
    found: list[Group] = []
    for line in membership.splitlines():
        _, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if not colon:
            continue
        if not controllers:
            for top in (root, root / "unified"):
                if (top / "cgroup.controllers").exists():
                    found += filter(None, map(_unified, _chain(top, path)))
                    break
            continue
        names = controllers.split(",")
        for reader, controller in ((_processor_v1, "cpu"), (_memory_v1, "memory")):
            if controller in names:
                tops = [root / controllers, root / controller]
                for folder in [t for t in tops if t.is_dir()][:1]:
                    found += filter(None, map(reader, _chain(folder, path)))
    return found


def _chain(top: Path, path: str) -> Iterator[Path]:
    """The group's folder and those above it. In a container the path may be that of the host, of
    which only the end is to be seen: what is not there is passed over.
    """
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for length in range(len(parts), -1, -1):
        folder = top.joinpath(*parts[:length])
        if folder.is_dir():
            yield folder


def _unified(folder: Path) -> Group | None:
    allowed, _, period = _text(folder / "cpu.max").partition(" ")
    cores = int(allowed) / int(period) if allowed.isdigit() and period.isdigit() else None
    limits = [_number(folder / name) for name in ("memory.max", "memory.high")]
    memory = min((limit for limit in limits if limit is not None), default=None)
    if cores is None and memory is None:
        return None
    spent = _statistic(folder / "cpu.stat", "usage_usec") / 1e6
    used = (_number(folder / "memory.current") or 0) - _statistic(
        folder / "memory.stat", "inactive_file"
    )
    return Group(str(folder), cores, spent, memory, max(0, used))


def _processor_v1(folder: Path) -> Group | None:
    allowed = _number(folder / "cpu.cfs_quota_us")
    period = _number(folder / "cpu.cfs_period_us")
    if allowed is None or not period:
        return None
    spent = _number(folder / "cpuacct.usage")
    if spent is None:  # mounted apart
        apart = Path(*("cpuacct" if part == "cpu" else part for part in folder.parts))
        spent = _number(apart / "cpuacct.usage")
    if spent is None:
        return None  # what is used of it cannot be known
    return Group(str(folder), allowed / period, spent / 1e9)


def _memory_v1(folder: Path) -> Group | None:
    limit = _number(folder / "memory.limit_in_bytes")
    if limit is None or limit >= _UNLIMITED:
        return None
    used = (_number(folder / "memory.usage_in_bytes") or 0) - _statistic(
        folder / "memory.stat", "total_inactive_file"
    )
    return Group(str(folder), memory=limit, used=max(0, used))


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _number(path: Path) -> int | None:
    """What stands in a file; None where nothing does, `max` or -1."""
    text = _text(path)
    return int(text) if text.isdigit() else None


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0
