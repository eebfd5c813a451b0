"""Alerts of any number, made as the daemon makes them: events in, ticks, told at the desk.

Zone transfers that a host of the stream asked for, each day another alert (shipped detection
`dns_zone_transfer`); days go on behind what is stored.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from scale import stream

from dsl.schema.dns import DnsQuery

if TYPE_CHECKING:
    from engine.daemon.service import Service
    from engine.run import Engine

DAY: Final = 86_400 * stream.SECOND
BATCH: Final = 10_000


def fill(engine: Engine, service: Service, begin: int, alerts: int) -> int:
    """So many alerts, the first at `begin`; the time of the last."""
    gap = DAY // stream.HOSTS
    for first in range(0, alerts, BATCH):
        engine.ingest([
            DnsQuery(
                ts=begin + number * gap, sensor="made", seq=number + 1, via="wire", qtype="axfr",
                query=stream.DOMAIN, source=f"ws{number % stream.HOSTS}.{stream.DOMAIN}",
                dc=f"dc1.{stream.DOMAIN}", dst_is_dc=True, outcome="denied",
                src_ip=str(ip_address(0x0A400000 + number % stream.HOSTS)), dst_ip="10.20.30.10",
            )
            for number in range(first, min(first + BATCH, alerts))
        ])  # fmt: skip
        service._tick(None)  # as long as it takes
    return begin + alerts * gap
