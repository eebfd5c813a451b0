"""radius.log -> `vpn_session`: the log shows authentication, not accounting.

An accepted request is told as the begin of a session where it tells of a tunnel or an address
given; networks of switches and access points, which the log does not tell apart, have neither.
Reference: base/protocols/radius.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.radius import VpnSession
from sensor.map.identity import address

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "radius"
MARKS: Final = (
    frozenset({"tunnel_client"}),
    frozenset({"framed_addr"}),
    frozenset({"username", "result", "ttl"}),
)


def events(row: Row) -> list[Event]:
    """The event of a row."""
    tunnel, framed = row.text("tunnel_client"), row.text("framed_addr")
    if row.text("result") != "success" or not (tunnel or framed):
        return []
    event = VpnSession(
        **row.common("radius"),
        phase="start",
        account=row.text("username"),
        calling_station=row.text("mac"),
        framed_ip=framed,
        nas=f"ip:{row.text('id.orig_h')}",
        outcome="success",
    )
    # the sender is the gateway; the client is who is at the other end of the tunnel
    event.src_ip, event.src_port = address(tunnel) or address(row.text("mac")), None
    return [event]
