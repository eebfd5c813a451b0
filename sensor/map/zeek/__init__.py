"""Mappings of Zeek's logs, found by scanning this folder; the file system is the register.

A module exports `PATH` (the log's name), `MARKS` (sets of fields, one of which a row of no other
log has: for JSON that does not say its log) and `events`, a function of a `Row`. Mappings are pure
and do not import one another. What a log lacks beside the decoders (arguments of calls, shapes of
requests) stays unset. Reference: Zeek, "Log files" and the scripts under base/protocols.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

Mapping = Callable[["Row"], "list[Event]"]


@cache
def mappings() -> dict[str, tuple[tuple[frozenset[str], ...], Mapping]]:
    """Marks and mapping of every log, by its name."""
    found = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found[str(module.PATH)] = (module.MARKS, module.events)
    return found


def mapping_of(row: Row) -> Mapping | None:
    """The mapping for a row; None for logs that are not read."""
    known = mappings().get(row.path)
    return known[1] if known else None


def path_of(fields: Container[str]) -> str:
    """The log whose rows have these fields; empty where none that is read has them."""
    for path, (marks, _) in mappings().items():
        if any(all(name in fields for name in mark) for mark in marks):
            return path
    return ""
