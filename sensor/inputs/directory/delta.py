"""What a server tells of an object -> its next version, from the one before.

A search gives objects whole; DirSync gives the attributes that changed, an empty one is gone, and
values of linked attributes as differences: `member;range=1-1` came, `member;range=0-0` went
(MS-ADTS §3.1.1.3.4.1.3). Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensor.inputs.directory.values import attributes_of, entry_of
from sensor.map.directory.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEPT_APART = "nTSecurityDescriptor"
"""Read for few objects, by requests of its own."""


def whole(dn: str, raw: Mapping[str, Sequence[bytes]], old: Entry | None) -> Entry:
    """The version that a search gave."""
    entry = entry_of(dn, raw)
    attributes = {name: values for name, values in entry.attributes.items() if values}
    return with_apart(Entry(entry.guid, entry.dn, attributes), old)


def with_apart(entry: Entry, old: Entry | None) -> Entry:
    """The version with what is read apart, as it was."""
    apart = old.attributes.get(KEPT_APART) if old else None
    if not apart or KEPT_APART in entry.attributes:
        return entry
    return Entry(entry.guid, entry.dn, {**entry.attributes, KEPT_APART: apart})


def merged(dn: str, raw: Mapping[str, Sequence[bytes]], old: Entry | None) -> Entry:
    """The version that follows from the last one and a difference."""
    if not any(";" in name for name in raw):  # most objects: no values of links
        entry = entry_of(dn, raw)
        attributes = {**old.attributes, **entry.attributes} if old else entry.attributes
        return Entry(entry.guid, entry.dn, {n: v for n, v in attributes.items() if v})
    plain: dict[str, Sequence[bytes]] = {}
    came: dict[str, Sequence[bytes]] = {}
    went: dict[str, Sequence[bytes]] = {}
    for name, values in raw.items():
        option = name.lower().partition(";range=")[2]
        into = came if option == "1-1" else went if option == "0-0" else plain
        into[name.partition(";")[0]] = [*into.get(name.partition(";")[0], ()), *values]
    entry = entry_of(dn, plain)
    attributes = dict(old.attributes) if old else {}
    for name, texts in entry.attributes.items():
        linked = any(name.lower() == n.lower() for n in (*came, *went))
        if texts or not linked:  # an empty value beside a difference says nothing
            attributes[name] = texts
    for name, lost in attributes_of(went).items():
        gone = set(lost)
        attributes[name] = [v for v in attributes.get(name, ()) if v not in gone]
    for name, gained in attributes_of(came).items():
        attributes[name] = list(dict.fromkeys([*attributes.get(name, ()), *gained]))
    kept = {name: values for name, values in attributes.items() if values}
    return Entry(entry.guid, entry.dn, kept)
