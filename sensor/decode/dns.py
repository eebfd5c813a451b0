"""DNS questions with their answers, over UDP and TCP (RFC 1035, 1996, 2136, 5936).

One event per question, at its time. A transfer (AXFR) is one event for all its messages; an
answer without a single record is a refusal, whatever the code says (RFC 5936 §2.2.1 wants the SOA
first). A dynamic update is told with the zone as `query` and `update` as `qtype`.
Whether a message is a question is read from the QR bit: resolvers talk from port 53 to port 53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.dns import DnsQuery
from dsl.schema.enums import DNS_RCODE, DNS_TYPE
from sensor.contract import Malformed, Reader, wire_event
from sensor.decode.dns_message import AXFR, HEADER, IXFR, SOA, UPDATE, Message, read

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

PORTS_TCP: Final = (53,)
PORTS_UDP: Final = (53,)

_PENDING: Final = 256
_ANSWERED: Final = 64
_SAME: Final = 5_000_000
"""Within five seconds the same id, name and type are the same question."""
_LENGTH: Final = 2
_OPCODES: Final = 7
_OUTCOMES: Final[dict[int, str]] = {0: "success", 5: "denied", 9: "denied"}


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a name server."""
    return Questions(flow, context)


class _Question:
    """A question that waits; for a transfer also what came so far."""

    __slots__ = ("answers", "message", "size", "soas", "ts")

    def __init__(self, ts: int, message: Message) -> None:
        self.ts = ts
        self.message = message
        self.answers = 0
        self.size = 0
        self.soas = 0


class Questions(Reader):
    """Questions by (id, name, type), oldest first; at most 256."""

    __slots__ = ("_answered", "_context", "_flow", "_waiting")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._waiting: dict[tuple[int, str, int], _Question] = {}
        self._answered: dict[tuple[int, str, int], int] = {}

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """RFC 1035 §4.2.2: two bytes of length; the header behind must be possible."""
        del to_server
        if e - o < _LENGTH + HEADER:
            return 0, 0
        length = b[o] << 8 | b[o + 1]
        if length < HEADER or not _possible(b, o + _LENGTH):
            return 0, -1
        return _LENGTH + length, _LENGTH + length

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """A length and a header of this direction whose counts its length can hold."""
        for i in range(o, e - _LENGTH - HEADER + 1):
            length = b[i] << 8 | b[i + 1]
            if (
                length > HEADER
                and _possible(b, i + _LENGTH)
                and bool(b[i + 4] & 0x80) is not to_server
                and b[i + 6] == 0
                and b[i + 7] == 1
                and b[i + 2] | b[i + 3]
            ):
                return i
        return -1

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """One message; over TCP with its length before it."""
        del to_server
        if not self._flow.udp:
            o += _LENGTH
        if e - o < HEADER:
            raise Malformed(f"header cut at {e}")
        message = read(b, o, e)
        if not message.response:
            self._asked(ts, message)
        else:
            self._replied(ts, message)

    def gap(self, ts: int, to_server: bool) -> None:
        """Questions are known by id: nothing shifts."""

    def close(self, ts: int) -> None:
        """Tell what was not answered, and transfers that did not end."""
        del ts
        for question in self._waiting.values():
            self._emit(question, None)
        self._waiting.clear()

    def _asked(self, ts: int, message: Message) -> None:
        if message.name is None:
            self._context.count("dns.no_question")
            if not message.anomalies:
                return
        answered = self._answered.get(message.key)
        if message.key in self._waiting or (answered and abs(ts - answered) < _SAME):
            self._context.count("dns.repeated")
            return
        if len(self._waiting) == _PENDING:
            self._emit(self._waiting.pop(next(iter(self._waiting))), None)
        self._waiting[message.key] = _Question(ts, message)

    def _replied(self, ts: int, message: Message) -> None:
        question = self._waiting.get(message.key)
        if question is None and message.name is None:
            question = self._transfer_going_on(message.number)
        if question is None:
            if abs(ts - self._answered.get(message.key, -_SAME)) < _SAME:
                self._context.count("dns.repeated")
                return
            question = _Question(ts, message)
        elif _is_transfer(question.message) and not self._flow.udp:
            question.answers += message.answers
            question.size += message.size
            question.soas += message.answer_types.count(SOA)
            if message.rcode == 0 and message.answers and question.soas < 2:
                return  # more messages are to come
        self._waiting.pop(question.message.key, None)
        if len(self._answered) == _ANSWERED:
            del self._answered[next(iter(self._answered))]
        self._answered[question.message.key] = ts
        self._emit(question, message)

    def _transfer_going_on(self, number: int) -> _Question | None:
        """RFC 5936 §2.2.1: later messages of a transfer may leave the question out."""
        for question in self._waiting.values():
            if question.message.number == number and _is_transfer(question.message):
                return question
        return None

    def _emit(self, question: _Question, reply: Message | None) -> None:
        asked = question.message
        event = wire_event(DnsQuery, self._flow, question.ts, "dns")
        event.query = asked.name
        if asked.opcode == UPDATE:
            event.qtype = "update"
        elif asked.name is not None:
            event.qtype = DNS_TYPE.get(asked.qtype) or f"type_{asked.qtype}"
        event.transport = "udp" if self._flow.udp else "tcp"
        anomalies = asked.anomalies
        event.outcome = "unknown"
        if reply is not None:
            if reply.anomalies:
                anomalies = anomalies | reply.anomalies
            event.rcode = DNS_RCODE.get(reply.rcode) or f"rcode_{reply.rcode}"
            event.outcome = _OUTCOMES.get(reply.rcode, "error")
            if asked.opcode != UPDATE:
                event.answers = question.answers or reply.answers
            event.answer_bytes = question.size or reply.size
            if asked.qtype == AXFR and event.outcome == "success" and event.answers == 0:
                event.outcome = "denied"
        elif question.answers:
            # a transfer without its end: records left the server, unless it was the SOA alone
            event.rcode = DNS_RCODE[0]
            event.answers = question.answers
            event.answer_bytes = question.size
            alone = question.answers == 1 and asked.qtype == AXFR
            event.outcome = "error" if alone else "success"
        if anomalies:
            event.anomalies = sorted(anomalies)
        self._context.emit(event)


def _is_transfer(message: Message) -> bool:
    return message.qtype in {AXFR, IXFR} and message.opcode == 0


def _possible(b: bytes, o: int) -> bool:
    """Opcode below 7, reserved bit clear, at most one question (or, in an update, one zone)."""
    return (
        b[o + 2] >> 3 & 0x0F < _OPCODES and b[o + 3] & 0x40 == 0 and b[o + 4] == 0 and b[o + 5] <= 1
    )
