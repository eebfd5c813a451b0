"""Objects that somebody may take over who does not administer the domain, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Finding
from engine.posture.rights import NOT_WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from engine.posture.estate import Estate
    from engine.posture.item import Item

_NO_CONTROL: Final = "all extended rights"


def taking(
    estate: Estate,
    items: Iterable[Item],
    *,
    rights: bool = True,
    allowed: AbstractSet[int] = frozenset(),
    besides: AbstractSet[str] = frozenset(),
) -> Iterator[Finding]:
    """A finding for each object and principal. `rights`: whether all extended rights are control of
    such objects; `allowed` (RIDs) and `besides` (SIDs) may do it by nature.
    """
    for item in items:
        found = estate.descriptor(item)
        if found is None:
            continue
        who: dict[str, list[str]] = {}
        for sid, word in found.taking():
            if rights or word != _NO_CONTROL:
                who.setdefault(sid, []).append(word)
        if found.owner is not None:
            who.setdefault(found.owner, []).append("owner")
        for sid, words in sorted(who.items()):
            own = sid in NOT_WRITTEN or sid == item.sid or sid in besides
            rid = sid.rpartition("-")[2]
            if own or int(rid if rid.isdigit() else 0) in allowed or estate.trusted(sid):
                continue
            value = f"{estate.name(sid)}: {', '.join(dict.fromkeys(words))}"
            yield Finding(item.name, "nTSecurityDescriptor", value, "may take the object over")
