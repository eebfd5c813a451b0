"""What is known of one key, cut into intervals that do not overlap.

A declared or seen object has one interval; a learnt part as domain controller and the recognition
of NAT have their own. Each stretch between their ends becomes one row. Pure.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec

from engine.entities_rows import FOREVER, DirObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.entities_roles import Part


def intervals(
    key: str, known: DirObject | None, part: Part | None, nat: int | None
) -> Iterable[DirObject]:
    """Rows of a key in time: `known` as it is, with what `part` adds while it lasts, and the tag
    nat from `nat` on (microseconds; None: never).
    """
    ends = set()
    if known is not None:
        ends |= {known.valid_from, known.valid_to}
    if part is not None:
        ends |= {part.since, part.until}
    if nat is not None:
        ends |= {nat, FOREVER}
    cuts = sorted(ends)
    for begin, end in itertools.pairwise(cuts):
        alive = known is not None and known.valid_from <= begin < known.valid_to
        serves = part is not None and part.since <= begin < part.until
        shared = nat is not None and begin >= nat
        if not (alive or serves or shared):
            continue
        base = known if known is not None and alive else _bare(key, known)
        tags = dict.fromkeys(base.tags)
        roles = dict.fromkeys(base.role)
        if serves and part is not None:
            tags["dc"] = roles["domain_controller"] = None
            if "dns" in part.kinds:
                tags["dns_server"] = roles["dns"] = None
        if shared:
            tags["nat"] = None
        yield msgspec.structs.replace(
            base, tags=tuple(tags), role=tuple(roles), valid_from=begin, valid_to=end
        )


def in_turn(items: Sequence[DirObject]) -> Iterable[DirObject]:
    """Declared rows of a key, in time; where two overlap the later one takes over."""
    for item, following in itertools.zip_longest(items, items[1:]):
        end = item.valid_to if following is None else min(item.valid_to, following.valid_from)
        if item.valid_from < end:
            yield msgspec.structs.replace(item, valid_to=end)


def _bare(key: str, known: DirObject | None) -> DirObject:
    """The entity outside the interval in which it is known: its name and nothing else."""
    if known is not None:
        return DirObject(
            key=key, kind=known.kind, name=known.name, domain=known.domain, computer=known.computer
        )
    name, at, domain = key.partition("@")
    if at:
        return DirObject(
            key=key, kind="account", name=name, domain=domain or None, computer=name.endswith("$")
        )
    return DirObject(key=key, kind="host", name=key)
