"""What readers may ask of the driver: `sensor.contract.Context`, and the books of the wire.

Stamps events with the sensor and its own counter, adds named counters, hands out authentication
exchanges and pipe readers, passes learnt ports on. Knows no packet and no clock.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from dsl.schema.sensor import HostBinding
from sensor.contract import Context
from sensor.decode.dcerpc import pipe_reader
from sensor.wire.auth import Exchange
from sensor.wire.bindings import Bindings
from sensor.wire.bounds import forget

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Event
    from sensor.contract import Auth, Flow, Reader
    from sensor.wire.ports import Ports

UNREADABLE: Final = (IndexError, ValueError, struct.error)
"""What a reader raises on bytes that are no message; `Malformed` is a ValueError."""
_MAX_COUNTERS: Final = 1_024
_MAX_TICKETS: Final = 65_536
_MAX_ACCOUNT: Final = 512
_MAX_KEPT: Final = 16_384
_MAX_TEXT: Final = 512


class WireContext(Context):
    """The `Context` of all readers of one driver.

    `counters` holds named counts; `unread` the bytes of each protocol that never came or were passed
    over, until health has told them; `gaps` (losses of any kind) and `malformed` are sums for health;
    `held` is the number of payload bytes waiting in all connections; `now` is stream time.
    """

    __slots__ = (
        "_bindings", "_emit", "_kept", "_owners", "_ports", "_sensor", "_seq", "counters", "fault",
        "gaps", "held", "malformed", "now", "unread",
    )  # fmt: skip

    def __init__(self, sensor_name: str, emit: Callable[[Event], None], ports: Ports) -> None:
        self._sensor = sensor_name
        self._emit = emit
        self._ports = ports
        self._seq = 0
        self._owners: dict[bytes, str] = {}
        self._kept: dict[bytes, str] = {}
        self._bindings = Bindings()
        self.counters: dict[str, int] = {}
        self.unread: dict[str, int] = {}
        self.fault: str | None = None
        self.gaps = 0
        self.malformed = 0
        self.held = 0
        self.now = 0

    def emit(self, event: Event) -> None:
        """Hand over an event, numbered from 1 in the order of emission."""
        self._seq += 1
        event.sensor = self._sensor
        event.seq = self._seq
        self._emit(event)

    def count(self, what: str, amount: int = 1) -> None:
        """Add to a named counter; names beyond a bound go to `wire.other_counters`."""
        counters = self.counters
        if what not in counters and len(counters) >= _MAX_COUNTERS:
            what = "wire.other_counters"
        counters[what] = counters.get(what, 0) + amount

    def auth(self, flow: Flow, carrier: str) -> Auth:
        """A new authentication exchange inside `carrier`."""
        return Exchange(flow, carrier, self)

    def pipe(self, flow: Flow, name: str) -> Reader:
        """A reader for DCE/RPC inside the named pipe `name`."""
        return pipe_reader(flow, name, self)

    def learn_rpc_port(self, server: str, port: int, interface: str) -> None:
        """From now on this server's port is read as DCE/RPC; `interface` is not needed for it."""
        del interface
        if self._ports.learn(server, port, self.now):
            self.count("dcerpc.ports_learnt")

    def ticket_issued(self, ticket: bytes, account: str) -> None:
        """Remember whose ticket this is; the oldest are forgotten first."""
        if len(account) > _MAX_ACCOUNT:
            return
        owners = self._owners
        owners.pop(ticket, None)
        owners[ticket] = account
        if len(owners) > _MAX_TICKETS:
            forget(owners, _MAX_TICKETS)

    def ticket_owner(self, ticket: bytes) -> str | None:
        """Who got the ticket with this hash, if its issue was seen lately."""
        return self._owners.get(ticket)

    def keep(self, key: bytes, text: str) -> None:
        """Remember a text for readers of other conversations; the oldest are forgotten first."""
        if len(text) > _MAX_TEXT:
            return
        kept = self._kept
        kept.pop(key, None)
        kept[key] = text
        if len(kept) > _MAX_KEPT:
            forget(kept, _MAX_KEPT)

    def kept(self, key: bytes) -> str | None:
        """The text kept under this key."""
        return self._kept.get(key)

    def host_seen(
        self, ts: int, flow: Flow, protocol: str | None, ip: str, host: str, method: str,
        until: int | None = None,
    ) -> None:  # fmt: skip
        """Tell `host_binding` of this address where it is news; of a broadcast or other address
        that no host has, nothing.
        """
        if len(host) > _MAX_TEXT or not _of_one_host(ip):
            return
        if not self._bindings.news(ts, ip, host, method, until):
            return
        event = HostBinding(
            ts=ts, via="wire", src_ip=ip, protocol=protocol, ip=ip, host=host, method=method,
            until=until,
        )  # fmt: skip
        if _of_one_host(flow.server) and flow.server != ip:
            event.dst_ip = flow.server
            event.dst_port = flow.server_port
        self.emit(event)

    def unreadable(self, protocol: str) -> None:
        """A reader met bytes that are no message."""
        self.malformed += 1
        self.count(f"{protocol}.malformed")

    def failed(self, protocol: str, error: Exception) -> None:
        """A reader raised what it must not. The traffic is hostile and the sensor goes on, but
        `<protocol>.fault` and `fault` (the first one) tell of a defect in the product.
        """
        self.malformed += 1
        self.count(f"{protocol}.fault")
        if self.fault is None:
            self.fault = f"{protocol}: {type(error).__name__}: {error}"

    def lost(self, protocol: str, size: int) -> None:
        """Bytes of a connection never came, or could not be kept."""
        self.gaps += 1
        self.count(f"{protocol}.gaps")
        self.count(f"{protocol}.gap_bytes", size)
        self.unread[protocol] = self.unread.get(protocol, 0) + size

    def passed_over(self, protocol: str, size: int) -> None:
        """Bytes between a loss, or the middle of a stream, and the next message that was found."""
        self.count(f"{protocol}.unsynced_bytes", size)
        self.unread[protocol] = self.unread.get(protocol, 0) + size


def _of_one_host(ip: str) -> bool:
    """Whether an address can be one machine's own: not unspecified, loopback, multicast, broadcast."""
    if ":" in ip:
        return ip not in {"::", "::1"} and not ip.startswith("ff")
    first = ip.partition(".")[0]
    return not ip.endswith(".255") and ip != "127.0.0.1" and 0 < int(first) < 224
