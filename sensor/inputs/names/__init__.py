"""Asking hosts for their own names, without logging on: one module a method, found by folder scan.

A method is a module with `METHOD` (the word that bindings bear), `PRIMARY` (false: asked only where
the others say nothing or disagree) and `ask`, which gives the raw host that the address calls
itself: a DNS name or `name:WS9`. Whoever holds an address can answer what he likes: what comes of
it is never certain.
"""

from __future__ import annotations

import importlib
import pkgutil
import struct
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sensor.contract import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

UNANSWERED = (OSError, TimeoutError, EOFError, Malformed, ValueError, IndexError, struct.error)
"""What `ask` raises where nothing, or nothing that can be read, came back."""


class Ask(Protocol):
    """One question to one address; `port` other than the method's own is for tests."""

    async def __call__(self, address: str, port: int = ...) -> str | None:
        """The raw host; None where the answer names none."""


class Method(NamedTuple):
    """A way to ask: `name` as on the command line, `word` as bindings bear it."""

    name: str
    word: str
    primary: bool
    ask: Ask


def methods() -> dict[str, Method]:
    """Every method by name."""
    names = (info.name for info in pkgutil.iter_modules(__path__))
    modules = {n: importlib.import_module(f"{__name__}.{n}") for n in sorted(names)}
    return {
        name: Method(name, module.METHOD, module.PRIMARY, module.ask)
        for name, module in modules.items()
        if hasattr(module, "METHOD")
    }


def settled(names: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """(method, host) that the answers agree on, a DNS name before a NetBIOS name; None where they
    contradict one another or there are none.
    """
    found = sorted(names, key=lambda n: (n[1].startswith("name:"), n))
    short = {host.removeprefix("name:").partition(".")[0].lower()[:15] for _, host in found}
    full = {host.lower() for _, host in found if not host.startswith("name:")}
    return found[0] if len(short) == 1 and len(full) <= 1 else None
