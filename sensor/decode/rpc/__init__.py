"""Readers of stubs: one file an interface, found by scanning this folder.

A module here exports

    INTERFACE: str | tuple[str, ...]     word(s) of enums.RPC_INTERFACE it reads
    def events(call: Call) -> list[Event]

`events` is asked once per call, when its answer came or can no longer come, and gives the events
that stand for the call: `[call.rpc_call(object=…)]`, an own type, or both. It reads arguments only
behind `call.clear` and results only behind `call.answered`; if it raises, it is asked again with
both false, so that a broken stub costs the arguments and not the event. An interface without a
file here gives a plain `rpc_call`. Stub readers do not know pipes, ports or PDUs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

StubReader = Callable[["Call"], "list[Event]"]


def stub_readers() -> dict[str, StubReader]:
    """Interface -> its `events`, for all modules of this folder."""
    found: dict[str, StubReader] = {}
    for module in pkgutil.iter_modules(__path__):
        reader = importlib.import_module(f"{__name__}.{module.name}")
        interfaces = reader.INTERFACE
        for interface in (interfaces,) if isinstance(interfaces, str) else interfaces:
            found[interface] = reader.events
    return found
