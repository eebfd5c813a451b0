"""Lists and exclusions, as their files say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from engine.times import iso

if TYPE_CHECKING:
    from engine.status import Status
    from portal.reading.sources import Sources


class ListEntry(TypedDict):
    """`expires`: when it ends, None for never; `expired`: it has."""

    value: str
    owner: str
    reason: str
    expires: str | None
    expired: bool


class ListLine(TypedDict):
    """A list. `excludes`: it is the exclusions of the detection of that name; `used_by`: detections at work
    that read it.
    """

    name: str
    kind: str
    description: str
    file: str
    excludes: bool
    used_by: list[str]
    entries: list[ListEntry]


def listed(sources: Sources) -> list[ListLine]:
    """All lists by name."""
    status = sources.status()
    now = sources.clock()
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "description": one.description,
            "file": one.file,
            "excludes": one.name in status.in_force.texts,
            "used_by": _used_by(status, one.name),
            "entries": [
                {
                    "value": e.value, "owner": e.owner, "reason": e.reason,
                    "expires": None if e.expires is None else iso(e.expires),
                    "expired": e.expires is not None and e.expires <= now,
                }
                for e in one.entries
            ],
        }
        for one in status.in_force.lists
    ]  # fmt: skip


def _used_by(status: Status, name: str) -> list[str]:
    its_own = (name,) if name in status.rules else ()
    return sorted({*its_own, *status.in_force.uses.get(name, ())})
