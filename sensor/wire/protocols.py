"""The protocols that `sensor.decode` offers, found by scanning that folder; no register.

A decode module is a protocol on a port if it exports `reader(flow, context)` with `PORTS_TCP` and
`PORTS_UDP`, and maybe `datagrams(context, flow_of)`. Knows nothing of what the modules do.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import sensor.decode
from sensor.contract import Context, Datagrams, Flow, Reader

if TYPE_CHECKING:
    from types import ModuleType

RPC: Final = "dcerpc"
"""The protocol of ports learnt from binds and from the endpoint mapper."""

MakeReader = Callable[[Flow, Context], Reader]
MakeDatagrams = Callable[[Context, Callable[[bytes], Flow]], Datagrams]


@dataclass(frozen=True, slots=True)
class WireProtocol:
    """One protocol: its name (of the module), well-known ports, and how a reader is made; or,
    for its UDP ports, one reader of all conversations.
    """

    name: str
    tcp: tuple[int, ...]
    udp: tuple[int, ...]
    reader: MakeReader
    datagrams: MakeDatagrams | None = None


@cache
def _modules() -> tuple[ModuleType, ...]:
    found = sorted(pkgutil.iter_modules(sensor.decode.__path__), key=lambda info: info.name)
    return tuple(importlib.import_module(f"sensor.decode.{info.name}") for info in found)


def discover() -> tuple[WireProtocol, ...]:
    """Every protocol on a port, by name. Two modules claiming one port: ValueError."""
    protocols = []
    owner: dict[tuple[str, int], str] = {}
    for module in _modules():
        names = vars(module)
        make = names.get("reader")
        if make is None or not ("PORTS_TCP" in names or "PORTS_UDP" in names):
            continue
        protocol = WireProtocol(
            module.__name__.rpartition(".")[2],
            tuple(cast("tuple[int, ...]", names.get("PORTS_TCP", ()))),
            tuple(cast("tuple[int, ...]", names.get("PORTS_UDP", ()))),
            cast("MakeReader", make),
            cast("MakeDatagrams | None", names.get("datagrams")),
        )
        for claim in [("tcp", p) for p in protocol.tcp] + [("udp", p) for p in protocol.udp]:
            if claim in owner:
                raise ValueError(f"{protocol.name} and {owner[claim]} both claim {claim}")
            owner[claim] = protocol.name
        protocols.append(protocol)
    return tuple(protocols)
