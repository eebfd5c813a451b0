"""Which synchronisation a directory's events are of: the number of its lease, in the sensor's name.

`directory:dc1.corp.test#corp.test:5` on the way; the engine checks the number and takes it off. So
events that waited on a disk still bear the number under which they were told.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_MARK: Final = "#"


class Fence(NamedTuple):
    """A domain, and the number of the lease under which it was synchronised."""

    domain: str
    token: int


def plain(sensor: str) -> str:
    """The name without a fence."""
    return sensor.partition(_MARK)[0]


def fenced(sensor: str, fence: Fence) -> str:
    """The name with one."""
    return f"{plain(sensor)}{_MARK}{fence.domain}:{fence.token}"


def fence_of(sensor: str) -> Fence | None:
    """What stands in a name; None: nothing. One that cannot be read holds nowhere."""
    _, mark, told = sensor.partition(_MARK)
    if not mark:
        return None
    domain, _, token = told.rpartition(":")
    return Fence(domain, int(token) if token.isascii() and token.isdigit() else -1)
