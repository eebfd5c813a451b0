"""A block of captured frames, as every input hands it to `sensor.wire.drive`."""

from __future__ import annotations

from typing import Final

MAX_TIME: Final = (1 << 62) - 1
"""Times are clamped to [0, MAX_TIME]: the event column is a signed 64-bit integer."""


class Packets:
    """Frame i is data[starts[i]:ends[i]], captured at times[i] (us since 1970, UTC)."""

    __slots__ = ("data", "ends", "linktype", "starts", "times")

    def __init__(self, data: bytes, linktype: int) -> None:
        self.data = data
        self.linktype = linktype
        self.times: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []


def joined(linktype: int, times: list[int], parts: list[bytes]) -> Packets:
    """The block of frames that came one by one."""
    block = Packets(b"".join(parts), linktype)
    block.times = times
    position = 0
    for part in parts:
        block.starts.append(position)
        position += len(part)
        block.ends.append(position)
    return block
