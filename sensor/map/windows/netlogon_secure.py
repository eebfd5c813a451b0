"""Vulnerable secure channels: System 5827 and 5828 denied, 5829 to 5831 allowed -> netlogon_secure.

The inserts have no names: of a machine account 1 name, 2 domain, 3 account type; of a trust account
(5828, 5831) 1 account type, 2 trust, 3 trusted domain, 4 address. Which call it was is not told.
Reference: lmerrlog.h, NELOG_NetlogonUnsecureRpcClient and following; KB4557222 (CVE-2020-1472).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import NetlogonSecure
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_DENIED: Final = frozenset({5827, 5828})
_TRUST: Final = frozenset({5828, 5831})


def channel_refused(record: Record) -> list[Event]:
    """The machine, or the trust and its address."""
    text = record.text
    trust = record.event_id in _TRUST
    ip = identity.address(text("4")) if trust else None
    name = text("2") if trust else text("1")
    return [
        NetlogonSecure(
            ts=record.ts,
            via=record.via,
            protocol="rpc",
            dc=identity.host(record.computer),
            account=None if trust else identity.account(name, text("2")),
            source=None if ip or trust else identity.host((name or "").removesuffix("$")),
            src_ip=ip,
            encrypted=False,
            outcome="denied" if record.event_id in _DENIED else "success",
            computer=name,
        )
    ]


EVENTS = {("System", number): channel_refused for number in range(5827, 5832)}
