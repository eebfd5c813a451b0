"""The linked tables at the head of an event log chunk, made safe to follow.

Names and templates of a chunk hang in 64 and 32 chains of offsets. The libraries follow a chain to
its end: one that leads back into itself is read for ever. Links that close a circle or leave the
chunk are cut here, before. Reference: libevtx, "Windows XML Event Log (EVTX) format" §3.1 (common
string offset array, template pointers), §5.4 (template definition), §5.7 (name).
"""

from __future__ import annotations

import struct
from typing import Final

_U32: Final = struct.Struct("<I")
_NAMES_AT: Final = 128
_HEADER: Final = 512


def safe_tables(chunk: bytes) -> tuple[bytes, int]:
    """The chunk with every chain ending, and how many links were cut."""
    cuts = [
        at
        for head in range(_NAMES_AT, _HEADER, 4)
        if (at := _first_bad_link(chunk, head)) is not None
    ]
    if not cuts:
        return chunk, 0
    mended = bytearray(chunk)
    for at in cuts:
        _U32.pack_into(mended, at, 0)
    return bytes(mended), len(cuts)


def _first_bad_link(chunk: bytes, head: int) -> int | None:
    """Where a chain's link stands that must not be followed; None if the chain ends.

    The first word of an entry is the offset of the next; a chain visits an entry once.
    """
    at, seen = head, set()
    while True:
        (following,) = _U32.unpack_from(chunk, at)
        if following == 0:
            return None
        if not _HEADER <= following <= len(chunk) - 4 or following in seen:
            return at
        seen.add(following)
        at = following
