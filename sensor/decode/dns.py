"""DNS questions with their answers, over UDP and TCP (RFC 1035, 1996, 2136, 5936).

One event per question, at its time. A transfer (AXFR) is one event for all its messages; an
answer without a single record is a refusal, whatever the code says (RFC 5936 §2.2.1 wants the SOA
first). A dynamic update is told with the zone as `query` and `update` as `qtype`; addresses that
an accepted one gives to hosts of the zone are told as `host_binding`. A NOTIFY has `notify` there.
Whether a message is a question is read from the QR bit: resolvers talk from port 53 to port 53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed, Reader
from sensor.decode.dns_datagrams import Exchanges
from sensor.decode.dns_events import Question, is_transfer, tell
from sensor.decode.dns_message import HEADER, Message, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Context, Datagrams, Flow

PORTS_TCP: Final = (53,)
PORTS_UDP: Final = (53,)

_PENDING: Final = 256
_ANSWERED: Final = 64
_SAME: Final = 5_000_000
"""Within five seconds the same id, name and type are the same question."""
_LENGTH: Final = 2
_OPCODES: Final = 7


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a name server."""
    return Questions(flow, context)


def datagrams(context: Context, flow_of: Callable[[bytes], Flow]) -> Datagrams:
    """A reader of all conversations over UDP."""
    return Exchanges(context, flow_of)


class Questions(Reader):
    """Questions by (id, name, type), oldest first; at most 256."""

    __slots__ = ("_answered", "_context", "_flow", "_waiting")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._waiting: dict[tuple[int, str, int], Question] = {}
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
        self._waiting[message.key] = Question(ts, message)

    def _replied(self, ts: int, message: Message) -> None:
        question = self._waiting.get(message.key)
        if question is None and message.name is None:
            question = self._transfer_going_on(message.number)
        if question is None:
            if abs(ts - self._answered.get(message.key, -_SAME)) < _SAME:
                self._context.count("dns.repeated")
                return
            question = Question(ts, message)
        elif is_transfer(question.message) and not self._flow.udp:
            if question.transfers(message):
                return
            self._note(ts, (message.number, "", 0))
        self._waiting.pop(question.message.key, None)
        self._note(ts, question.message.key)
        self._emit(question, message)

    def _note(self, ts: int, key: tuple[int, str, int]) -> None:
        """What comes with this key from now on is a repetition."""
        if len(self._answered) == _ANSWERED:
            del self._answered[next(iter(self._answered))]
        self._answered[key] = ts

    def _transfer_going_on(self, number: int) -> Question | None:
        """RFC 5936 §2.2.1: later messages of a transfer may leave the question out."""
        for question in self._waiting.values():
            if question.message.number == number and is_transfer(question.message):
                return question
        return None

    def _emit(self, question: Question, reply: Message | None) -> None:
        tell(self._context, self._flow, question, reply)


def _possible(b: bytes, o: int) -> bool:
    """Opcode below 7, reserved bit clear, at most one question (or, in an update, one zone)."""
    return (
        b[o + 2] >> 3 & 0x0F < _OPCODES and b[o + 3] & 0x40 == 0 and b[o + 4] == 0 and b[o + 5] <= 1
    )
