"""Log sources of Sigma -> the event type that holds their records, and the condition on it.

Windows sources are channels and event ids by the table `logsources.yaml`; every other source is a
`log_event` whose product, service and category are the words of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

from engine.sigma.fields import OTHER, WINDOWS
from engine.sigma.logic import Logic, Said, Test, every, some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sigma.rule import SigmaLogSource


class Table(msgspec.Struct, frozen=True):
    """Channels of services; event ids of categories by service; providers of those without one.
    `fields`: what records call the fields of a category that has words of its own, by category;
    `notes`: what is uncertain about a category.
    """

    services: dict[str, list[str]]
    categories: dict[str, dict[str, list[int]]]
    providers: dict[str, str]
    fields: dict[str, dict[str, str]]
    notes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule's records are: event type, condition (None: all of them), what is uncertain, and
    what the records call fields that the source calls otherwise.
    """

    event: str
    condition: Logic | None
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@cache
def table() -> Table:
    """The table of Windows sources."""
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Table)


def place(source: SigmaLogSource) -> Place:
    """Where the records of a log source are."""
    product, service, category = (
        value.strip().lower() if value else None
        for value in (source.product, source.service, source.category)
    )
    windows = product == "windows" or (
        product is None and (category in table().categories or service in table().services)
    )
    if windows:
        return _windows(service, category)
    words = {"product": product, "service": service, "category": category}
    parts = [Test(name, "==", word) for name, word in words.items() if word]
    return Place(OTHER, every(parts))


def _windows(service: str | None, category: str | None) -> Place:
    parts: list[Logic] = []
    notes = []
    if service is not None:
        channels = table().services.get(service)
        if channels is None:
            parts.append(Test("lower(channel)", "contains", service))
            notes.append(
                f"no channel is known for the service `{service}`: "
                "all are asked whose name holds that word"
            )
        else:
            parts.append(some(Test("channel", "==", c) for c in channels))
    if category is not None:
        ids = table().categories.get(category)
        if ids is None:
            notes.append(
                f"no event id is known for the category `{category}`: all events are asked"
            )
        else:
            parts.append(some(_records(by, numbers) for by, numbers in ids.items()))
        if category in table().notes:
            notes.append(table().notes[category])
    names = table().fields.get(category or "", {})
    return Place(WINDOWS, every(parts) if parts else None, tuple(notes), names)


def _records(by: str, numbers: list[int]) -> Logic:
    provider = table().providers.get(by)
    if provider is not None:
        where: Logic = Test("provider", "==", provider)
    else:
        where = some(Test("channel", "==", c) for c in table().services[by])
    shown = ", ".join(map(str, numbers))
    ids = f"event_id == {shown}" if len(numbers) == 1 else f"event_id in {{{shown}}}"
    return every([where, Said(ids)])
