"""Ways out of the daemon: one module a type of sink, found by folder scan.

A module has `read(record)`: the settings of one sink in the file of sinks, checked, and made into what
opens its `Sender`; None where they have errors, which are complained of in their place. A sender knows no
spool and tries nothing twice.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.record import Record


class Message(NamedTuple):
    """What goes out: the `change` (as `alert_records.Change`, or `test`) of an alert, as
    `report.alert_dict` tells it. `id` is the same whenever it is sent again; `ts` when it came to be.
    """

    id: str
    ts: int
    change: str
    alert: Mapping[str, object]


class UnreachableError(Exception):
    """It could not be delivered now; it may be later."""


class RefusedError(Exception):
    """The receiver does not want this message, and will not."""


class Sender(Protocol):
    """An open way to one receiver; for one thread."""

    def send(self, message: Message) -> None:
        """Delivered, as far as the way can tell, when it returns. Raises UnreachableError,
        RefusedError.
        """

    def close(self) -> None:
        """Let the receiver go."""


class Output(Protocol):
    """A module of this folder."""

    def read(self, record: Record) -> Callable[[], Sender] | None:
        """What opens a sender with these settings."""


def names() -> list[str]:
    """The types of sinks."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "secured")


def output_of(name: str) -> Output:
    """The module of a type."""
    return cast("Output", importlib.import_module(f"{__name__}.{name}"))
