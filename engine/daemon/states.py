"""What those who read for an engine or a spool ask of it: to take events, and to remember rows.

Knows neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.schema.base import Event


class States(Protocol):
    """Texts by key that outlive the process."""

    def states(self, prefix: str) -> dict[str, str]:
        """All values whose key begins with a prefix, by the rest of the key."""


class Keeper(States, Protocol):
    """Takes events and rows in order: rows are on disk only when the events before them are."""

    @property
    def raw(self) -> bool:
        """Whether records of logs are wanted as they came, too."""

    def ingest(self, events: Sequence[Event]) -> int:
        """Take a batch; how many of its events were new."""

    def keep(self, rows: Mapping[str, str]) -> None:
        """Remember rows."""
