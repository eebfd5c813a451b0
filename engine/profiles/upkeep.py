"""Upkeep of a profile's parts, some with each step: grown together where they are old, gone where
they lie before the window, or where their key is one too many.

The share looked over is a fixed one and as much again as was learnt, so a step's cost does not grow
with what is stored, and the parts cannot outgrow the upkeep. Knows no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from engine.profiles.part import Part

if TYPE_CHECKING:
    from engine.profiles.part import Shape
    from engine.profiles.spans import Levels
    from engine.store.parts import Parts, Progress

SWEEP: Final = 4_000
"""Parts looked over with each step at least."""
SHARE: Final = 4
"""Parts looked over for each that is learnt."""

_encode = msgspec.msgpack.Encoder().encode
_part = msgspec.msgpack.Decoder(Part).decode


class _Stored(NamedTuple):
    """A part as it is stored, unread."""

    begin: int
    since: int
    until: int
    data: bytes


class Upkeep:
    """The upkeep of one profile; `key_cap`: how many keys it may have, those longest unseen go."""

    def __init__(self, parts: Parts, shape: Shape, key_cap: int) -> None:
        self.cut = 0
        """Values that found no room, since the start."""
        self.forgotten = 0
        """Keys that found no room, since the start."""
        self.keys = 0
        """Keys at the last look over all of them."""
        self._parts = parts
        self._shape = shape
        self._key_cap = key_cap
        self._swept = b""
        self._seen: dict[int, int] = {}
        """Keys by the bucket in which each was last seen, in the look under way."""
        self._forget_before = 0

    def sweep(self, progress: Progress, levels: Levels, learnt: int) -> None:
        """Look over some of the parts, in the transaction of a step that put `learnt` of them."""
        most = SWEEP + SHARE * learnt
        self._parts.expire(progress.id, progress.since, most)
        found = self._parts.after(progress.id, self._swept, most)
        if len(found) == most and found[0][0] != found[-1][0]:
            # the last key may have more parts
            found = [row for row in found if row[0] != found[-1][0]]
        by_key: dict[bytes, list[_Stored]] = {}
        for key, begin, since, until, data in found:
            by_key.setdefault(key, []).append(_Stored(begin, since, until, data))
        for key, parts in by_key.items():
            self._tidy(progress.id, levels, key, parts)
        if found:
            self._swept = found[-1][0]
            return
        self.keys = sum(self._seen.values())
        self._forget_before = _too_many(self._seen, self._key_cap)
        self._swept, self._seen = b"", {}

    def _tidy(self, profile: int, levels: Levels, key: bytes, parts: list[_Stored]) -> None:
        bucket = levels.bucket_of(parts[-1].begin)
        if bucket < self._forget_before:
            self.forgotten += 1
            self._parts.delete(profile, ((key, p.begin, p.since, p.until) for p in parts))
            return
        self._seen[bucket] = self._seen.get(bucket, 0) + 1
        if len(parts) == 1:
            return
        # most parts stand alone in their span: only the others are worth reading
        near: dict[tuple[int, ...], list[_Stored]] = {}
        for part in parts:
            near.setdefault((part.since, part.until, *levels.span_of(part.begin)), []).append(part)
        alike = ([_part(p.data) for p in some] for some in near.values() if len(some) > 1)
        for span, group in (g for some in alike for g in levels.grouped(some).items()):
            if len(group) == 1:
                continue
            whole = self._shape.merged(group, *span)
            self.cut += whole.cut - sum(p.cut for p in group)
            self._parts.delete(profile, ((key, p.begin, p.since, p.until) for p in group))
            row = (key, whole.begin, whole.since, whole.until, _encode(whole))
            self._parts.put(profile, [row])


def _too_many(seen: dict[int, int], cap: int) -> int:
    """The begin of a bucket before which the keys are too many; 0 where they are not.

    Whole buckets are kept or go, so somewhat fewer than `cap` may be left, but never the newest.
    """
    total = 0
    kept = 0
    for bucket in sorted(seen, reverse=True):
        total += seen[bucket]
        if total > cap and kept:
            return kept
        kept = bucket
    return 0
