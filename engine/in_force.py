"""What was read when detections were loaded last, as people ask for it: their files, lists, what is off.

Plain data beside the rules that run. Knows no engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """`texts`: the file of each detection, by id; `tactics`: the folder that it lies in."""

    texts: dict[str, str] = {}
    tactics: dict[str, str] = {}
    disabled: dict[str, Disabled] = {}
    lists: tuple[Listed, ...] = ()


def in_force(catalogue: Catalogue, disabled: Mapping[str, str]) -> InForce:
    """What a catalogue holds; `disabled`: reasons by detection."""
    detections = catalogue.detections
    return InForce(
        {name: one.source.text for name, one in detections.items()},
        {name: one.tactic for name, one in detections.items()},
        {
            name: Disabled(detections[name].envelope, reason)
            for name, reason in disabled.items()
            if name in detections
        },
        tuple(_listed(one) for _, one in sorted(catalogue.lists.items())),
    )


def _listed(file: ListFile) -> Listed:
    entries = tuple(Entry(e.value, e.owner, e.reason, e.expires) for e in file.entries)
    return Listed(file.name, file.kind, file.description, file.source.file, entries)
