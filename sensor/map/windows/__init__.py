"""Mappings of Windows event records, found by scanning this folder; the file system is the register.

A module exports `EVENTS`: {(channel or provider, event id): function of a `Record` giving events}.
Mappings are pure and do not import one another; they know no file and no clock. Reference: Windows
security auditing, one page an event (learn.microsoft.com, "Advanced security audit policy").
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

Mapping = Callable[["Record"], "list[Event]"]


@cache
def mappings() -> dict[tuple[str, int], Mapping]:
    """Every mapping by (channel or provider, event id); two for one key are a mistake."""
    found: dict[tuple[str, int], Mapping] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        events: dict[tuple[str, int], Mapping] = module.EVENTS
        for key, function in events.items():
            if key in found:
                raise ValueError(f"two mappings for {key}: {info.name}")
            found[key] = function
    return found


@lru_cache(maxsize=4096)
def _mapping(channel: str, provider: str, event_id: int) -> Mapping | None:
    known = mappings()
    return known.get((channel, event_id)) or known.get((provider, event_id))


def mapping_of(record: Record) -> Mapping | None:
    """The mapping for a record by its channel, else by its provider."""
    return _mapping(record.channel, record.provider, record.event_id)


def is_mapped(channel: str, provider: str, event_id: int) -> bool:
    """Whether there is a mapping for such records."""
    return _mapping(channel, provider, event_id) is not None


def map_record(record: Record) -> list[Event]:
    """The events a record tells; empty where none is mapped."""
    function = mapping_of(record)
    return function(record) if function else []
