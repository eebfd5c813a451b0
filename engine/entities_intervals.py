"""What is known of one key, cut into intervals that do not overlap.

An object seen alive has one interval, its learnt part as domain controller another. Each stretch
between their ends becomes one row. Pure.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec

from engine.entities_rows import DirObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.entities_roles import Part


def intervals(key: str, known: DirObject | None, part: Part | None) -> Iterable[DirObject]:
    """Rows of a key in time: `known` as it is, with what `part` adds while it lasts."""
    ends = set()
    if known is not None:
        ends |= {known.valid_from, known.valid_to}
    if part is not None:
        ends |= {part.since, part.until}
    cuts = sorted(ends)
    for begin, end in itertools.pairwise(cuts):
        alive = known is not None and known.valid_from <= begin < known.valid_to
        serves = part is not None and part.since <= begin < part.until
        if not (alive or serves):
            continue
        base = known if known is not None and alive else _bare(key, known)
        tags = dict.fromkeys(base.tags)
        roles = dict.fromkeys(base.role)
        if serves and part is not None:
            tags["dc"] = roles["domain_controller"] = None
            if "dns" in part.kinds:
                tags["dns_server"] = roles["dns"] = None
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
