"""RADIUS accounting of VPN sessions: `vpn_session` (RFC 2866).

One event per record (`radius_record`), at the time it was first sent; `success` if the server
acknowledged it. The request's authenticator is keyed with the shared secret of NAS and server,
which the wire does not show: nothing here is verified, and who can send to the server can invent
sessions (`sensor.inputs.radius` is the server, and verifies).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from dsl.schema.radius import VpnSession
from sensor.contract import DatagramReader, Datagrams, Malformed
from sensor.decode.radius_record import (
    ACCOUNTING_REQUEST,
    ACCOUNTING_RESPONSE,
    HEAD,
    LARGEST,
    SAME,
    fill,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Context, Flow, Reader

PORTS_TCP: Final = ()
PORTS_UDP: Final = (1813, 1646)

_TOLD: Final = 8_192
_WAITING: Final = 4_096
_IPV4: Final = 12


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation of a NAS with an accounting server."""
    return Conversation(flow, context)


def datagrams(context: Context, flow_of: Callable[[bytes], Flow]) -> Datagrams:
    """A reader of all conversations."""
    return Accounting(context, flow_of)


class Accounting(Datagrams):
    """Records that wait for their acknowledgement, by ends and identifier; bounded all together,
    since anybody can begin conversations. The oldest are told, or forgotten, an eighth at once.

    A NAS sends a record again, unchanged or with a longer Acct-Delay-Time and a new identifier:
    what was told of a session between the same ends is not told twice in a minute. (Interim records
    without Acct-Session-Time are all alike, and at least so far apart: RFC 2869 §5.16.)
    """

    __slots__ = ("_context", "_flow_of", "_told", "_waiting")

    def __init__(self, context: Context, flow_of: Callable[[bytes], Flow]) -> None:
        self._context = context
        self._flow_of = flow_of
        self._waiting: dict[tuple[bytes, int], tuple[int, VpnSession]] = {}
        self._told: dict[int, tuple[int, int]] = {}
        """Hash of what was told -> identifier it was last sent with, time."""

    def datagram(self, ts: int, ends: bytes, b: bytes) -> None:
        """Read one packet; what lies beyond its Length is padding (RFC 2865 §3)."""
        if len(b) < HEAD:
            raise Malformed(f"packet of {len(b)} bytes")
        length = b[2] << 8 | b[3]
        if not HEAD <= length <= LARGEST or length > len(b):
            raise Malformed(f"length {length}")
        code = b[0]
        if code == ACCOUNTING_REQUEST and ends[-2] << 8 | ends[-1] in PORTS_UDP:
            self._request(ts, ends, b[1], b, HEAD, length)
        elif code == ACCOUNTING_RESPONSE and ends[-4] << 8 | ends[-3] in PORTS_UDP:
            answered = self._waiting.pop((_reversed(ends), b[1]), None)
            if answered is not None:
                answered[1].outcome = "success"
                self._context.emit(answered[1])
        else:
            self._context.count("radius.other")

    def expire(self, limit: int) -> None:
        """Tell what was sent up to `limit` and never acknowledged."""
        overdue: list[tuple[bytes, int]] = []
        for key, (_, event) in self._waiting.items():
            if event.ts > limit:
                break
            overdue.append(key)
        self._give_up(overdue)

    def close(self, ts: int) -> None:
        """Tell what was never acknowledged, at the time it was sent."""
        del ts
        self._give_up(list(self._waiting))
        self._told.clear()

    def _give_up(self, keys: list[tuple[bytes, int]]) -> None:
        for key in keys:
            self._context.emit(self._waiting.pop(key)[1])

    def _request(self, ts: int, ends: bytes, identifier: int, b: bytes, o: int, e: int) -> None:
        flow = self._flow_of(ends)
        event = VpnSession(
            ts=ts, via="wire", protocol="radius", dst_ip=flow.server,
            dst_port=flow.server_port, outcome="unknown",
        )  # fmt: skip
        no_session = fill(event, flow.client, b, o, e)
        if no_session:
            self._context.count(f"radius.{no_session}")
            return
        told = hash((ends, event.nas, event.session, event.account, event.phase, event.duration))
        last = self._told.get(told)
        if last is not None and abs(ts - last[1]) < SAME:
            self._context.count("radius.repeated")
            self._again(ends, told, last, identifier)
            return
        if len(self._told) >= _TOLD:
            for old in list(islice(self._told, _TOLD // 8)):
                del self._told[old]
        self._told[told] = (identifier, ts)
        self._wait((ends, identifier), told, event)

    def _again(self, ends: bytes, told: int, last: tuple[int, int], identifier: int) -> None:
        """The record waits for the answer to what was sent last."""
        waiting = self._waiting.get((ends, last[0]))
        if last[0] != identifier and waiting is not None and waiting[0] == told:
            del self._waiting[ends, last[0]]
            self._told[told] = (identifier, last[1])
            self._wait((ends, identifier), told, waiting[1])

    def _wait(self, key: tuple[bytes, int], told: int, event: VpnSession) -> None:
        before = self._waiting.pop(key, None)
        if before is not None:
            self._context.emit(before[1])
        elif len(self._waiting) >= _WAITING:
            self._give_up(list(islice(self._waiting, _WAITING // 8)))
        self._waiting[key] = (told, event)


class Conversation(DatagramReader):
    """The same for one conversation alone."""

    __slots__ = ("_ends", "_table")

    def __init__(self, flow: Flow, context: Context) -> None:
        super().__init__(flow, context)
        self._ends = bytes(10) + PORTS_UDP[0].to_bytes(2, "big")
        self._table = Accounting(context, self._flow_of)

    def _flow_of(self, ends: bytes) -> Flow:
        del ends
        return self._flow

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one packet."""
        self._table.datagram(ts, self._ends if to_server else _reversed(self._ends), b[o:e])

    def close(self, ts: int) -> None:
        """Tell what was never acknowledged."""
        self._table.close(ts)


def _reversed(ends: bytes) -> bytes:
    """The same ends, the other first."""
    if len(ends) == _IPV4:
        return ends[4:8] + ends[:4] + ends[10:] + ends[8:10]
    return ends[16:32] + ends[:16] + ends[34:] + ends[32:34]
