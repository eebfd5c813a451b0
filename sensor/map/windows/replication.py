"""Replication as its destination records it: 4928 source established, 4929 removed, 4932 changes being
pulled -> replication.

The partner is the server named in the source's NTDS Settings DN; without one, the address, which
is the alias `<DSA GUID>._msdcs.<forest>`. Reference: events 4928, 4929 and 4932; MS-DRSR §4.1.19
(DRSReplicaAdd), §4.1.20 (DRSReplicaDel), §4.1.10 (DRSGetNCChanges).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import Replication
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_METHOD: Final = {4928: "DRSReplicaAdd", 4929: "DRSReplicaDel", 4932: "DRSGetNCChanges"}
_SERVER: Final = re.compile(r"CN=NTDS Settings,CN=([^,\\]{1,63}),CN=Servers,", re.IGNORECASE)


def _partner(record: Record) -> str | None:
    if found := _SERVER.match(record.text("SourceDRA") or ""):
        return identity.host(found[1])
    return identity.host(record.text("SourceAddr"))


def source_changed(record: Record) -> list[Event]:
    """SourceDRA, SourceAddr, NamingContext, StatusCode; 4932 is written before it is known how it ends."""
    status = record.number("StatusCode")
    return [
        Replication(
            ts=record.ts,
            via=record.via,
            protocol="rpc",
            dc=identity.host(record.computer),
            outcome=None if status is None else "error" if status else "success",
            method=_METHOD[record.event_id],
            direction="inbound",
            partner=_partner(record),
            naming_context=record.text("NamingContext"),
            status=status,
        )
    ]


EVENTS = {("Security", number): source_changed for number in _METHOD}
