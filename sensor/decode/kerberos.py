"""Kerberos exchanges of a KDC: requests paired with replies (RFC 4120 §3.1, 3.3, 7.2; MS-SFU).

One event per exchange, at the time of the request. A request without answer is told when the
conversation closes (or its answer was lost), with outcome `unknown`; a reply whose request was
not seen still gives an event. Knows nothing of transport beyond the length prefix, and of no other protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Reader
from sensor.decode import ber
from sensor.decode.kerberos_events import Exchange, as_event, tgs_event
from sensor.decode.kerberos_parts import KRB_ERROR
from sensor.decode.kerberos_reply import AS_REP, TGS_REP, Failure, Reply, failure, reply
from sensor.decode.kerberos_request import AS_REQ, TGS_REQ, Request, request

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

PORTS_TCP: Final = (88,)
PORTS_UDP: Final = (88,)

_MESSAGES: Final = frozenset({AS_REQ, AS_REP, TGS_REQ, TGS_REP, KRB_ERROR})
_LARGEST: Final = 1 << 20
_PENDING: Final = 32
_AS_ERRORS: Final = frozenset({6, 18, 23, 24, 25, 90, 91})
"""Errors that a request for a TGT gets: how an error without its request is told apart."""


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a KDC."""
    return Exchanges(flow, context)


class Exchanges(Reader):
    """Requests that wait for their reply, oldest first; at most 32."""

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._waiting: list[tuple[int, Request]] = []
        self._asked = 0
        self._answer = 0

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """RFC 4120 §7.2.2: four bytes of length; the message's own head must agree."""
        del to_server
        if e - o < 5:
            return 0, 0
        length = b[o] << 24 | b[o + 1] << 16 | b[o + 2] << 8 | b[o + 3]
        if not 10 <= length <= _LARGEST or b[o + 4] not in _MESSAGES:
            return 0, -1
        return 4 + length, 4 + length

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """A length followed by a message of just that length."""
        del to_server
        for i in range(o, e - 9):
            if (
                b[i] == 0
                and b[i + 4] in _MESSAGES
                and ber.size(b, i + 4, e) == b[i + 1] << 16 | b[i + 2] << 8 | b[i + 3]
            ):
                return i
        return -1

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one message; its own tag says which way it goes."""
        del to_server
        if not self._flow.udp:
            o += 4
        elif self._repeated(b, o, e):
            self._context.count("kerberos.repeated")
            return
        tag = b[o]
        if tag in {AS_REQ, TGS_REQ}:
            if len(self._waiting) == _PENDING:
                self._unanswered(*self._waiting.pop(0))
            self._waiting.append((ts, request(b, o, e)))
        elif tag in {AS_REP, TGS_REP}:
            self._replied(ts, reply(b, o, e))
        elif tag == KRB_ERROR:
            self._failed(ts, failure(b, o, e))
        else:
            self._context.count("kerberos.other")

    def gap(self, ts: int, to_server: bool) -> None:
        """Lost replies would shift the pairing: what waits is told as unanswered."""
        if not to_server:
            self.close(ts)

    def close(self, ts: int) -> None:
        """Tell what was never answered, at the time it was asked."""
        del ts
        for asked, waiting in self._waiting:
            self._unanswered(asked, waiting)
        self._waiting.clear()

    def _repeated(self, b: bytes, o: int, e: int) -> bool:
        """A datagram sent again (same bytes as the last of its direction) is no new exchange."""
        datagram = hash(b[o:e])  # of so many conversations the bytes themselves are not kept
        if b[o] in {AS_REQ, TGS_REQ}:
            if datagram == self._asked:
                return True
            self._asked = datagram
        else:
            if datagram == self._answer:
                return True
            self._answer = datagram
        return False

    def _replied(self, ts: int, found: Reply) -> None:
        kind = AS_REQ if found.tag == AS_REP else TGS_REQ
        chosen = -1
        for i, (_, waiting) in enumerate(self._waiting):
            if waiting.tag != kind:
                continue
            if chosen < 0:
                chosen = i
            if (
                waiting.cname
                and found.cname
                and waiting.cname.text.lower() == found.cname.text.lower()
            ):
                chosen = i
                break
        asked: Request | None = None
        if chosen >= 0:
            ts, asked = self._waiting.pop(chosen)
        self._emit(kind, Exchange(ts, asked, replied=found))

    def _failed(self, ts: int, found: Failure) -> None:
        chosen = 0 if self._waiting else -1
        for i, (_, waiting) in enumerate(self._waiting):
            if (
                waiting.sname
                and found.sname
                and waiting.sname.text == found.sname.text
                and (not waiting.cname or not found.cname or waiting.cname.text == found.cname.text)
            ):
                chosen = i
                break
        if chosen >= 0:
            asked, waiting = self._waiting.pop(chosen)
            self._emit(waiting.tag, Exchange(asked, waiting, failed=found))
        else:
            kind = AS_REQ if found.code in _AS_ERRORS else TGS_REQ
            self._emit(kind, Exchange(ts, None, failed=found))

    def _unanswered(self, ts: int, waiting: Request) -> None:
        self._emit(waiting.tag, Exchange(ts, waiting))

    def _emit(self, kind: int, exchange: Exchange) -> None:
        if kind == AS_REQ:
            self._context.emit(as_event(self._flow, self._context, exchange))
        else:
            self._context.emit(tgs_event(self._flow, self._context, exchange))
