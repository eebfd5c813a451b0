"""What was read when detections were loaded last, as people ask for it: their files, lists, what is off.

Plain data beside the rules that run. Knows no engine.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

import msgspec

from dsl import plan
from engine.scores import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dsl.catalogue import Catalogue, ListFile
    from dsl.envelope import Envelope


class Entry(msgspec.Struct, frozen=True):
    """An entry of a list. `expires`: microseconds, None for never."""

    value: str
    owner: str
    reason: str
    expires: int | None


class Listed(msgspec.Struct, frozen=True):
    """A list as its files say it. `kind`: of its values."""

    name: str
    kind: str
    description: str
    file: str
    entries: tuple[Entry, ...]


class Disabled(msgspec.Struct, frozen=True):
    """A detection that the settings switch off, and why."""

    envelope: Envelope
    reason: str


class InForce(msgspec.Struct, frozen=True):
    """`texts`: the file of each detection, by id; `tactics`: the folder that it lies in; `uses`: detections
    by the list that they read; `tests`: how many each has; `digests`: of what each is made of (`engine.scores`);
    `relations`: the files of shared relations, by id.
    """

    texts: dict[str, str] = {}
    tactics: dict[str, str] = {}
    disabled: dict[str, Disabled] = {}
    lists: tuple[Listed, ...] = ()
    uses: dict[str, tuple[str, ...]] = {}
    tests: dict[str, int] = {}
    digests: dict[str, str] = {}
    relations: dict[str, str] = {}


def in_force(
    catalogue: Catalogue, disabled: Mapping[str, str], plans: Iterable[plan.DetectionPlan] = ()
) -> InForce:
    """What a catalogue holds; `disabled`: reasons by detection; `plans`: those at work."""
    detections = catalogue.detections
    return InForce(
        {name: one.source.text for name, one in detections.items()},
        {name: one.tactic for name, one in detections.items()},
        {
            name: Disabled(detections[name].envelope, reason)
            for name, reason in disabled.items()
            if name in detections
        },
        listed(catalogue),
        _uses(plans),
        {name: len(one.tests) for name, one in detections.items()},
        {name: digest(catalogue, name) for name in detections},
        {name: one.source.text for name, one in catalogue.relations.items()},
    )


def listed(catalogue: Catalogue) -> tuple[Listed, ...]:
    """Its lists by name."""
    return tuple(_listed(one) for _, one in sorted(catalogue.lists.items()))


def _uses(plans: Iterable[plan.DetectionPlan]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one in plans:
        for name in dict.fromkeys(_lists_in(one, set())):
            found.setdefault(name, []).append(one.id)
    return {name: tuple(sorted(ids)) for name, ids in found.items()}


def _lists_in(part: object, seen: set[int]) -> Iterator[str]:
    """Names of the lists in a plan: whatever its nodes are, they are dataclasses and tuples."""
    if isinstance(part, plan.ListRef):
        yield part.name
    elif isinstance(part, tuple):
        for one in part:
            yield from _lists_in(one, seen)
    elif is_dataclass(part) and id(part) not in seen:
        seen.add(id(part))
        for field in fields(part):
            yield from _lists_in(getattr(part, field.name), seen)


def _listed(file: ListFile) -> Listed:
    entries = tuple(Entry(e.value, e.owner, e.reason, e.expires) for e in file.entries)
    return Listed(file.name, file.kind, file.description, file.source.file, entries)
