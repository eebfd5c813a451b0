"""Lists as intervals: those shipped with the detections, those of the installation, exclusions.

`@name` is a list of either; every detection has an exclusion list that bears its id. An entry is
valid until it expires. The installation's entries are added to the shipped ones. Pure; `engine.store.facts` writes the rows.
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.schema.derive import ip_bytes
from engine.entities_rows import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dsl.catalogue import ListEntry, ListFile
    from dsl.schema.base import KindName

TOGETHER: Final = "roles"
"""`kind` of an entry of several roles that must be met together; its value is a JSON object."""


class ListRow(msgspec.Struct, frozen=True):
    """One entry in its interval. An ip entry is the range [cidr_low, cidr_high] of 16 bytes."""

    list: str
    kind: str
    value: str
    cidr_low: bytes | None = None
    cidr_high: bytes | None = None
    valid_from: int = 0
    valid_to: int = FOREVER


def list_row(
    name: str, kind: KindName, value: str, *, valid_from: int = 0, expires: int | None = None
) -> ListRow:
    """An entry of a list; times in microseconds. Raises ValueError for a bad address."""
    low, high = address_range(value) if kind == "ip" else (None, None)
    if kind == "ip" and low is None:
        raise ValueError(f"{value!r} is no address and no network")
    end = FOREVER if expires is None else expires
    # Lists ignore case, whatever they hold: so the store compares them.
    return ListRow(name, kind, value.lower(), low, high, valid_from, end)


def exclusion_row(
    detection: str, applies_to: str, value: str, *, valid_from: int = 0, expires: int | None = None
) -> ListRow:
    """An entry of a detection's own exclusion list. `applies_to` is a role's name, a kind, or
    `text` for every role; an address or network excludes roles of kind ip by range.
    """
    low, high = address_range(value)
    end = FOREVER if expires is None else expires
    return ListRow(detection, applies_to, value.lower(), low, high, valid_from, end)


def together_row(
    detection: str, roles: Mapping[str, str], *, valid_from: int = 0, expires: int | None = None
) -> ListRow:
    """An entry of a detection's own exclusion list that holds where every role has its value."""
    value = json.dumps({role: text.lower() for role, text in sorted(roles.items())})
    end = FOREVER if expires is None else expires
    return ListRow(detection, TOGETHER, value, None, None, valid_from, end)


def address_range(value: str) -> tuple[bytes | None, bytes | None]:
    """Lowest and highest address, 16 bytes, of an address or network; None for any other text."""
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None, None
    return ip_bytes(str(network[0])), ip_bytes(str(network[-1]))


def rows_of(files: Iterable[ListFile]) -> list[ListRow]:
    """Rows of shipped or installed list files."""
    return [entry_row(file, entry) for file in files for entry in file.entries]


def entry_row(file: ListFile, entry: ListEntry) -> ListRow:
    """The row of one entry of a list file."""
    if entry.roles:
        return together_row(file.name, dict(entry.roles), expires=entry.expires)
    return list_row(file.name, file.kind, entry.value, expires=entry.expires)


def rows_of_test(
    lists: Mapping[str, Iterable[str]], kinds: Mapping[str, KindName]
) -> list[ListRow]:
    """Rows of lists given by a rule's test: name -> values; `kinds` where they are known."""
    return [
        list_row(name, kinds.get(name, "text"), value)
        for name, values in lists.items()
        for value in values
    ]
