"""All DNS conversations over UDP in one table: a question and its answer, without a reader each.

Clients ask every question from another port, so a reader for two datagrams would cost more than
they do. Question and answer meet by addresses, ports, id, name and type. Knows no socket; raw ends
come as `sensor.contract.Datagrams` says.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from sensor.contract import Datagrams, Malformed
from sensor.decode.dns_events import Question, tell
from sensor.decode.dns_message import HEADER, Message, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Context, Flow

_PORT: Final = b"\0\x35"
_IPV4: Final = 12
_PENDING: Final = 16_384
_ANSWERED: Final = 2_048
_SAME: Final = 5_000_000
"""Within five seconds the same id, name and type are the same question."""

_Key = tuple[bytes, tuple[int, str, int]]


class Exchanges(Datagrams):
    """Questions that wait, oldest first, and those answered lately; bounded.

    Both are forgotten by the thousand: taking the oldest out of a dict one by one costs more than
    all else here.
    """

    __slots__ = ("_answered", "_before", "_context", "_flow_of", "_waiting")

    def __init__(self, context: Context, flow_of: Callable[[bytes], Flow]) -> None:
        self._context = context
        self._flow_of = flow_of
        self._waiting: dict[_Key, Question] = {}
        self._answered: dict[_Key, int] = {}
        self._before: dict[_Key, int] = {}

    def datagram(self, ts: int, ends: bytes, b: bytes) -> None:
        """One message. Between two servers (port 53 both) who asks is the client."""
        if len(b) < HEADER:
            raise Malformed(f"header cut at {len(b)}")
        message = read(b, 0, len(b))
        if not ends.endswith(_PORT) or (message.response and ends[-4:-2] == _PORT):
            ends = _reversed(ends)
        if message.response:
            self._replied(ts, (ends, message.key), message)
        else:
            self._asked(ts, (ends, message.key), message)

    def expire(self, limit: int) -> None:
        """Tell the questions asked up to `limit` that nobody answered."""
        overdue: list[_Key] = []
        for key, question in self._waiting.items():
            if question.ts > limit:
                break
            overdue.append(key)
        self._give_up(overdue)

    def close(self, ts: int) -> None:
        """Tell what was not answered."""
        del ts
        for key, question in self._waiting.items():
            self._tell(key[0], question, None)
        self._waiting.clear()
        self._answered = {}
        self._before = {}

    def _asked(self, ts: int, key: _Key, message: Message) -> None:
        if message.name is None:
            self._context.count("dns.no_question")
            if not message.anomalies:
                return
        waiting = self._waiting
        if key in waiting or self._lately(ts, key):
            self._context.count("dns.repeated")
            return
        if len(waiting) == _PENDING:
            self._give_up(list(islice(waiting, _PENDING // 8)))
        waiting[key] = Question(ts, message)

    def _replied(self, ts: int, key: _Key, message: Message) -> None:
        question = self._waiting.pop(key, None)
        if question is None:
            if self._lately(ts, key):
                self._context.count("dns.repeated")
                return
            question = Question(ts, message)
        if len(self._answered) == _ANSWERED:
            self._before = self._answered
            self._answered = {}
        self._answered[key] = ts
        self._tell(key[0], question, message)

    def _give_up(self, keys: list[_Key]) -> None:
        for key in keys:
            self._tell(key[0], self._waiting.pop(key), None)

    def _lately(self, ts: int, key: _Key) -> bool:
        """Whether this question was answered within five seconds."""
        answered = self._answered.get(key)
        if answered is None:
            answered = self._before.get(key)
        return answered is not None and abs(ts - answered) < _SAME

    def _tell(self, ends: bytes, question: Question, reply: Message | None) -> None:
        tell(self._context, self._flow_of(ends), question, reply)


def _reversed(ends: bytes) -> bytes:
    """The same ends, the other first."""
    if len(ends) == _IPV4:
        return ends[4:8] + ends[:4] + ends[10:] + ends[8:10]
    return ends[16:32] + ends[:16] + ends[34:] + ends[32:34]
