"""The server of RADIUS accounting: a UDP socket whose requests become VPN sessions.

One thread reads and answers; an answer leaves from the address that was asked. While `room` says
that nothing can be taken, nothing is answered, and the NAS sends again: that is how accounting
waits. What a request means is `radiusrequests`' business. Reference: RFC 2866 §2.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from dsl.schema.sensor import SensorHealth
from sensor.inputs.interface import InterfaceError
from sensor.inputs.places import bound, plain_address
from sensor.inputs.radiusrequests import Requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.schema.base import Event
    from sensor.inputs.places import Place
    from sensor.inputs.radiusrequests import Clients

PORT: Final = 1813
_PACKET: Final = 4_096
_ANCILLARY: Final = 64
_PACKETS: Final = 256
"""Packets that are read before the time is asked and the end looked for again."""
_MINUTE_US: Final = 60_000_000
_LOOK_S: Final = 0.2
_IN6_ADDR: Final = 16

_Ancillary = list[tuple[int, int, bytes]]


class Radius:
    """One place. `counts` are those of `Requests`, and `waiting`: packets that were not answered
    for want of room.
    """

    def __init__(self, where: Place, clients: Clients) -> None:
        """Open and bind; raises InterfaceError with the reason."""
        self.place = where
        self._clients = clients
        self._requests: Requests | None = None
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        self._beat = 0
        self.waiting = 0
        try:
            self._socket = bound(where, socket.SOCK_DGRAM)
            # Windows has no recvmsg: there answers leave from wherever the system likes
            told = hasattr(socket, "IPV6_RECVPKTINFO") and hasattr(self._socket, "recvmsg")
            self._any = told and not where.address and self._socket.family == socket.AF_INET6
            if self._any:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        except OSError as error:
            raise InterfaceError(f"radius {where.name}: {error.strerror or error}") from error

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    @property
    def counts(self) -> dict[str, int]:
        """What came so far, by what became of it."""
        return dict(self._requests.counts) if self._requests is not None else {}

    def start(self, emit: Callable[[Event], None], room: Callable[[], bool]) -> None:
        """Serve from now on; `emit` is called in a thread of this object and must not raise."""
        self._requests = Requests(self._clients, emit)
        self._emit = emit
        self._room = room
        self._thread = threading.Thread(
            target=self._run, args=(self._requests,), name=f"radius {self.place.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Serve no more."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._socket.close()

    def _run(self, requests: Requests) -> None:
        self._beat = time.time_ns() // 1000
        self._tell_alive(self._beat)
        while not self._end.is_set():
            now = time.time_ns() // 1000
            if now - self._beat >= _MINUTE_US:
                self._tell_alive(now)
            if not select.select([self._socket], [], [], _LOOK_S)[0]:
                continue
            with contextlib.suppress(BlockingIOError):
                for _ in range(_PACKETS):
                    self._packet(requests)
        self._tell_alive(time.time_ns() // 1000)

    def _packet(self, requests: Requests) -> None:
        """Read and answer one; raises BlockingIOError where none is there."""
        ancillary: _Ancillary = []
        try:
            if self._any:
                data, ancillary, _, sender = self._socket.recvmsg(_PACKET, _ANCILLARY)
            else:
                data, sender = self._socket.recvfrom(_PACKET)
        except ConnectionError:
            return  # an answer that nobody took
        if not self._room():
            self.waiting += 1
            return
        here = _address(ancillary) or self.place.address or None, self.place.port
        answer = requests.take(
            time.time_ns() // 1000, plain_address(sender[0]), sender[1], here, data
        )
        if answer is None:
            return
        with contextlib.suppress(OSError):  # the NAS sends again
            if self._any:
                self._socket.sendmsg([answer], _from_there(ancillary), 0, sender)
            else:
                self._socket.sendto(answer, sender)

    def _tell_alive(self, now: int) -> None:
        since, self._beat = self._beat, now
        self._emit(
            SensorHealth(
                ts=now, via="radius", kind="heartbeat", activity="vpn_session",
                from_ts=since, to_ts=now,
            )
        )  # fmt: skip


def _from_there(ancillary: _Ancillary) -> _Ancillary:
    """The same address for the way back, over whichever interface leads there."""
    return [(level, kind, data[:_IN6_ADDR] + bytes(4)) for level, kind, data in ancillary]


def _address(ancillary: _Ancillary) -> str:
    """The address that a packet was sent to (struct in6_pktinfo: address, interface)."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return plain_address(socket.inet_ntop(socket.AF_INET6, data[:_IN6_ADDR]))
    return ""
