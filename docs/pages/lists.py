"""Lists as shipped, and who reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pages.markdown import code, codes, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue, ListEntry


def lines(catalogue: Catalogue) -> Iterator[str]:
    """The page."""
    yield "# Lists\n"
    yield "What ships with the detections; a list of yours with the same name takes its place."
    for one in sorted(catalogue.lists.values(), key=lambda file: file.name):
        readers = codes(_readers(catalogue, one.name)) or "nothing"
        yield f"\n## {one.name}\n\n{plain(one.description)}"
        yield f"Entries of kind {one.kind}; read by {readers}."
        if one.entries:
            yield from table("value", "owner", "reason", "expires", rows=map(_entry, one.entries))


def _readers(catalogue: Catalogue, name: str) -> Iterator[str]:
    for detection in catalogue.detections.values():
        if re.search(rf"@{name}\b", detection.source.block()):
            yield detection.id
    for relation in catalogue.relations.values():
        if re.search(rf"@{name}\b", relation.source.block()):
            yield relation.id


def _entry(entry: ListEntry) -> tuple[str, ...]:
    expires = entry.expires
    day = "" if expires is None else datetime.fromtimestamp(expires / 1e6, UTC).date().isoformat()
    return code(entry.value), plain(entry.owner), plain(entry.reason), day
