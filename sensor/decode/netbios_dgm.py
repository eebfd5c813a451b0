"""NetBIOS datagrams: their senders' names, as `host_binding` (RFC 1002 §4.4).

Browser announcements and mailslots carry the sender's name and address in their header; what they
say is not read. Nothing proves the name. Gives no event of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import DatagramReader, Malformed
from sensor.decode import netbios_name

if TYPE_CHECKING:
    from sensor.contract import Context, Flow, Reader

PORTS_TCP: Final = ()
PORTS_UDP: Final = (138,)

METHOD: Final = "netbios"
_DIRECT: Final = frozenset({0x10, 0x11, 0x12})
"""DIRECT_UNIQUE, DIRECT_GROUP, BROADCAST."""
_HEAD: Final = 14


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of the datagrams of one pair of machines, or to a broadcast address."""
    return Datagrams(flow, context)


class Datagrams(DatagramReader):
    """Datagrams of one conversation; each stands for itself."""

    __slots__ = ()

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read the header; a datagram that another machine passed on says nothing of its sender."""
        if e - o < _HEAD:
            raise Malformed(f"datagram of {e - o} bytes at {o}")
        if b[o] not in _DIRECT:
            return
        ip = f"{b[o + 4]}.{b[o + 5]}.{b[o + 6]}.{b[o + 7]}"
        if ip != (self._flow.client if to_server else self._flow.server):
            return
        host = netbios_name.name(b, o + _HEAD, e).host
        if host is not None:
            self._context.host_seen(ts, self._flow, METHOD, ip, host, METHOD)
