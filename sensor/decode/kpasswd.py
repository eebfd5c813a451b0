"""Changes and settings of passwords over Kerberos, port 464 (RFC 3244), as `kerberos_ap`.

The new password and the result lie in KRB-PRIV, sealed: what is seen is who showed which ticket
and whether the service took it. A change (version 1) concerns the ticket's owner, so where he is
known it is an `account_change` too, outcome `unknown`: policy may refuse inside the seal. A set
(version 0xff80) names its target inside the seal only and stays a `kerberos_ap`. Knows no
transport beyond the length prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import AccountChange
from dsl.schema.kerberos import KerberosAp
from sensor.contract import Malformed, Reader, wire_event
from sensor.decode.kerberos_outcome import outcome, result_word
from sensor.decode.kerberos_parts import AP_REP, AP_REQ, KRB_ERROR, Ticket, ap_req, etype_word
from sensor.decode.kerberos_reply import failure

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

PORTS_TCP: Final = (464,)
PORTS_UDP: Final = (464,)

CHANGE: Final = 1
SET: Final = 0xFF80
_VERSIONS: Final = frozenset({CHANGE, SET})
_HEAD: Final = 6
_LARGEST: Final = 0xFFFF
_PENDING: Final = 8
_DENIED: Final = frozenset({3, 5, 7})
"""Result codes of RFC 3244 §2 that say no: AUTHERROR, ACCESSDENIED, INITIAL_FLAG_NEEDED."""


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a password service."""
    return Changes(flow, context)


class Changes(Reader):
    """Requests that wait for their reply, oldest first; at most 8."""

    __slots__ = ("_asked", "_context", "_flow", "_waiting")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._waiting: list[tuple[int, int, Ticket]] = []
        self._asked = 0

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """RFC 4120 §7.2.2: four bytes of length; the message repeats it, or is a KRB-ERROR."""
        del to_server
        if e - o < 8:
            return 0, 0
        length = b[o] << 24 | b[o + 1] << 16 | b[o + 2] << 8 | b[o + 3]
        if not _HEAD <= length <= _LARGEST or not _plausible(b, o + 4, length):
            return 0, -1
        return 4 + length, 4 + length

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """A length followed by a message of just that length and a known version."""
        del to_server
        for i in range(o, e - 7):
            if (
                b[i] == 0
                and b[i + 1] == 0
                and _plausible(b, i + 4, b[i + 2] << 8 | b[i + 3])
                and b[i + 4] != KRB_ERROR
            ):
                return i
        return -1

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one request or reply."""
        if not self._flow.udp:
            o += 4
        if e - o < _HEAD:
            raise Malformed(f"message of {e - o} bytes at {o}")
        if b[o] == KRB_ERROR and not to_server:
            self._answered(ts, b, o, o, e)
            return
        length = b[o] << 8 | b[o + 1]
        version = b[o + 2] << 8 | b[o + 3]
        token = o + _HEAD
        stop = token + (b[o + 4] << 8 | b[o + 5])
        if length != e - o or version not in _VERSIONS or stop > e:
            raise Malformed(f"no message of RFC 3244 at {o}")
        if to_server:
            self._request(ts, version, b, token, stop)
        else:
            self._answered(ts, b, token, stop, e)

    def gap(self, ts: int, to_server: bool) -> None:
        """Lost replies would shift the pairing: what waits is told as unanswered."""
        if not to_server:
            self.close(ts)

    def close(self, ts: int) -> None:
        """Tell what was never answered, at the time it was asked."""
        del ts
        for asked, _, ticket in self._waiting:
            self._context.emit(self._event(asked, ticket, "unknown", None))
        self._waiting.clear()

    def _request(self, ts: int, version: int, b: bytes, o: int, e: int) -> None:
        if o == e or b[o] != AP_REQ:
            raise Malformed(f"no AP-REQ at {o}")
        asked = hash(b[o:e])  # of so many conversations the bytes themselves are not kept
        if asked == self._asked:
            self._context.count("kpasswd.repeated")
            return
        shown = ap_req(b, o, e)
        if shown is None:
            raise Malformed(f"AP-REQ without ticket at {o}")
        self._asked = asked
        if len(self._waiting) == _PENDING:
            since, _, ticket = self._waiting.pop(0)
            self._context.emit(self._event(since, ticket, "unknown", None))
        self._waiting.append((ts, version, shown))

    def _answered(self, ts: int, b: bytes, token: int, o: int, e: int) -> None:
        """A reply: its AP-REP is b[token:o] (none in a refusal), KRB-PRIV or KRB-ERROR follows."""
        del ts
        if o >= e:
            raise Malformed(f"reply without KRB-PRIV at {o}")
        if not self._waiting:
            self._context.count("kpasswd.reply_alone")
            return
        asked, version, ticket = self._waiting.pop(0)
        if b[o] == KRB_ERROR:
            no = failure(b, o, e)
            word = "denied" if no.kpasswd in _DENIED else outcome(no, to_as_req=False)
            if word == "success":
                word = "error"
            self._context.emit(self._event(asked, ticket, word, result_word(no.code)))
            return
        if token == o or b[token] != AP_REP:
            raise Malformed(f"no AP-REP at {token}")
        event = self._event(asked, ticket, "success", "none")
        self._context.emit(event)
        if version == CHANGE and event.account is not None:
            change = wire_event(AccountChange, self._flow, asked, "kerberos")
            change.account = event.account
            change.actor = event.account
            change.action = "password_changed"
            change.outcome = "unknown"
            self._context.emit(change)

    def _event(self, ts: int, ticket: Ticket, word: str, result: str | None) -> KerberosAp:
        event = wire_event(KerberosAp, self._flow, ts, "kerberos")
        event.account = self._context.ticket_owner(ticket.hash)
        event.outcome = word
        event.service = ticket.service
        event.ticket_hash = ticket.hash
        event.ticket_size = ticket.size
        event.etype = etype_word(ticket.etype)
        event.kvno = ticket.kvno
        event.result = result
        return event


def _plausible(b: bytes, o: int, length: int) -> bool:
    """Whether the message at `o` agrees with its length: four bytes of it are there."""
    if b[o] == KRB_ERROR:
        return True
    return b[o] << 8 | b[o + 1] == length and b[o + 2] << 8 | b[o + 3] in _VERSIONS
