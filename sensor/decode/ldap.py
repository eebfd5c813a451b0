"""LDAP and CLDAP conversations: requests with their responses (RFC 4511, RFC 1798, MS-ADTS).

A bind sets who the connection acts as; searches carry that account, pages of one search are one
event; writes become a row a value, and a row for what they mean for an account. SASL buffers that are only signed are read, sealed ones and
TLS are counted and mark the flow encrypted. Tokens of SASL mechanisms go to the exchange that
`Context.auth` gives; nothing is known here of what they hold.

An event's time is that of the (first) request. What is not answered is told at the close with
outcome `unknown`. A paged search is told in parts of at most 45 seconds, so that none is late.
"""

from __future__ import annotations

import secrets
import struct
from functools import cache
from typing import TYPE_CHECKING, Final

from sensor.contract import Reader
from sensor.decode import (
    ber,
    ldap_accounts,
    ldap_bind,
    ldap_change,
    ldap_frame,
    ldap_search,
    ldap_wrap,
)
from sensor.decode.ldap_binding import Binding
from sensor.decode.ldap_controls import controls
from sensor.decode.ldap_events import (
    Written,
    change_event,
    fact_event,
    search_event,
    sender,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Context, Flow

PORTS_TCP: Final = (389, 636, 3268, 3269)
PORTS_UDP: Final = (389,)

_GLOBAL_CATALOG: Final = frozenset({3268, 3269})
_TLS_PORTS: Final = frozenset({636, 3269})
_PENDING: Final = 256
_CHANGES: Final = 64
_ROWS_UNDONE: Final = 256
_PAGED: Final = 16
_PAGING_TIME: Final = 45_000_000
_EXTENDED: Final = 16
_START_TLS: Final = b"1.3.6.1.4.1.1466.20037"
_FAST_BIND: Final = b"1.2.840.113556.1.4.1781"
_NETLOGON: Final = "cldap"
_WHO_AM_I: Final = b"1.3.6.1.4.1.4203.1.11.3"
_SILENT: Final = frozenset({0x73, 0x79, 0x6E, 0x6F})
"""Search references, intermediate responses, compares: nothing an event asks for."""
_CHANGE_RESPONSES: Final = frozenset({0x67, 0x69, 0x6B, 0x6D})


@cache
def process_key() -> bytes:
    """The key of password tags: random, made once in a process, never stored."""
    return secrets.token_bytes(32)


def reader(flow: Flow, context: Context, tag_key: Callable[[], bytes] = process_key) -> Reader:
    """A reader of one conversation; `tag_key` gives the key of `password_tag` (16–64 bytes)."""
    return Directory(flow, context, tag_key)


class Directory(Reader):
    """One conversation: the bind under way, and requests that wait, by message id."""

    def __init__(self, flow: Flow, context: Context, tag_key: Callable[[], bytes]) -> None:
        self._flow = flow
        self._context = context
        if flow.udp:
            self._protocol = "cldap"
        else:
            self._protocol = "gc" if flow.server_port in _GLOBAL_CATALOG else "ldap"
        self._binding = Binding(flow, context, self._protocol, tag_key)
        self._tls = flow.server_port in _TLS_PORTS
        self._extended: dict[int, bytes] = {}
        self._pings = 0
        self._searches: dict[int, ldap_search.Search] = {}
        self._paged: dict[bytes, ldap_search.Search] = {}
        self._changes: dict[int, Written] = {}
        self._asking = ldap_frame.Stream()
        self._answering = ldap_frame.Stream()

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """An LDAPMessage, a SASL buffer or a TLS record."""
        del to_server
        if self._tls and e - o >= 7 and not ldap_wrap.tls_record(b, o, e):
            return 0, -1
        return ldap_frame.frame(b, o, e, wrapped=self._binding.wrapped, whole=self._pings > 0)

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """Where a message of this direction seems to begin."""
        if self._tls:
            return ldap_wrap.find_record(b, o, e)
        return ldap_frame.find(b, o, e, to_server=to_server)

    def gap(self, ts: int, to_server: bool) -> None:
        """A message inside SASL buffers that was under way is lost."""
        del ts
        (self._asking if to_server else self._answering).reset()

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """One message, SASL buffer, TLS record, or a datagram of several messages."""
        if self._flow.udp:
            while o < e:
                total = ber.size(b, o, e)
                if total <= 0 or o + total > e:
                    self._context.count("ldap.malformed")
                    return
                self._guarded(ts, b, o, o + total)
                o += total
        elif b[o] == ber.SEQUENCE:
            self._operation(ts, b, o, e)
        elif b[o] == 0:
            self._buffer(ts, to_server, b, o + ldap_wrap.LENGTH, e)
        else:
            self._sealed("ldap.tls_records")

    def close(self, ts: int) -> None:
        """Tell what still waits."""
        self._binding.close(ts)
        for search in (*self._searches.values(), *self._paged.values()):
            self._searched(search, None)
        self._searches.clear()
        self._paged.clear()
        self._pings = 0
        self._extended.clear()
        for pending in self._changes.values():
            self._changed(pending, "unknown")
        self._changes.clear()

    def _sealed(self, counter: str) -> None:
        self._context.count(counter)
        self._flow.encrypted = True

    def _buffer(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        stream = self._asking if to_server else self._answering
        text = ldap_wrap.plaintext(b, o, e, inside=stream.inside)
        if text is None:
            stream.reset()
            self._sealed("ldap.sealed_buffers")
            return
        for inner in stream.feed(text, whole=self._pings > 0):
            self._guarded(ts, inner, 0, len(inner))

    def _guarded(self, ts: int, b: bytes, o: int, e: int) -> None:
        """One of several messages: a bad one does not take the others with it."""
        try:
            self._operation(ts, b, o, e)
        except (IndexError, ValueError, struct.error):
            self._context.count("ldap.malformed")

    def _operation(self, ts: int, b: bytes, o: int, e: int) -> None:
        at = ldap_frame.content(b, o, e)
        number, at = ber.read_integer(b, at, e)
        tag = b[at]
        if tag == ldap_frame.ENTRY:
            self._entry(number, b, at, e)
            return
        stop = ber.header(b, o, e)[1]
        start, end = ber.header(b, at, stop)
        if tag == 0x63:
            asked = controls(b, end, stop)
            search = self._paged.pop(asked.cookie, None)
            if search is None:
                search = ldap_search.Search(ts, self._flow.account)
                ldap_search.read_request(search, b, start, end)
                search.controls = asked.names
                self._pings += search.is_ping
            self._asked(number, search)
        elif tag == 0x65:
            cookie = controls(b, end, stop).cookie
            self._done(ts, number, ldap_bind.result(b, start, end), cookie)
        elif tag == 0x60:
            self._binding.request(ts, number, b, start, end)
        elif tag == 0x61:
            self._binding.response(ts, number, b, start, end)
        elif tag in ldap_change.REQUESTS:
            change = ldap_change.change(tag, b, start, end)
            written = Written(ts, self._flow.account, change)
            written.facts = ldap_accounts.facts(tag, change)
            self._write(number, written)
        elif tag in _CHANGE_RESPONSES:
            pending = self._changes.pop(number, None)
            if pending is None:
                self._context.count("ldap.unasked")
            else:
                self._changed(pending, ldap_bind.outcome(ldap_bind.result(b, start, end)))
        elif tag == 0x50:
            abandoned = self._searches.pop(ber.integer(b, start, end), None)
            if abandoned is not None:
                self._searched(abandoned, None)
        elif tag == 0x42:
            self.close(ts)
            self._flow.account = None
        elif tag == 0x77:
            self._extend(ts, number, b, start, end)
        elif tag == 0x78:
            self._extension(number, b, start, end)
        elif tag not in _SILENT:
            self._context.count("ldap.other")

    def _extend(self, ts: int, number: int, b: bytes, o: int, e: int) -> None:
        """An ExtendedRequest (RFC 4511 §4.12): requestName, requestValue."""
        first, last = ber.expect(b, o, e, 0x80)
        name = b[first : min(last, first + 128)]
        if len(self._extended) == _EXTENDED:
            del self._extended[next(iter(self._extended))]
        self._extended[number] = name
        if name == ldap_accounts.PASSWORD_MODIFY:
            if last < e:
                first, last = ber.expect(b, last, e, 0x81)
            else:
                first = last
            account = self._flow.account
            fact = ldap_accounts.password_modified(b, first, last, account)
            if fact is not None:
                written = Written(ts, account, None)
                written.facts.append(fact)
                self._write(number, written)

    def _extension(self, number: int, b: bytes, o: int, e: int) -> None:
        """An ExtendedResponse; some change what the connection is."""
        name = self._extended.pop(number, b"")
        answer = ldap_bind.result(b, o, e)
        written = self._changes.pop(number, None)
        if written is not None:
            self._changed(written, ldap_bind.outcome(answer))
        if answer.code != 0:
            return
        if name == _START_TLS:
            self._flow.encrypted = self._tls = True
        elif name == _FAST_BIND:
            self._binding.fast = True
            self._flow.account = None
        elif name == _WHO_AM_I and self._flow.account is None:
            self._flow.account = ldap_bind.authorization(b, o, e)

    def _write(self, number: int, written: Written) -> None:
        repeated = self._changes.pop(number, None)
        if repeated is not None:
            self._changed(repeated, "unknown")
        if len(self._changes) == _CHANGES:
            self._changed(self._changes.pop(next(iter(self._changes))), "unknown")
        self._changes[number] = written

    def _asked(self, number: int, search: ldap_search.Search) -> None:
        repeated = self._searches.pop(number, None)
        if repeated is not None and not self._flow.udp:
            self._searched(repeated, None)
        if len(self._searches) == _PENDING:
            self._searched(self._searches.pop(next(iter(self._searches))), None)
        self._searches[number] = search

    def _entry(self, number: int, b: bytes, o: int, e: int) -> None:
        search = self._searches.get(number)
        if search is None:
            self._context.count("ldap.unasked")
            return
        start, end = ber.expect(b, ldap_frame.content(b, o, e), e, ber.OCTET_STRING)
        search.entry(ber.text(b, start, end))
        if search.is_ping:
            search.no_such_user = ldap_search.user_unknown(b, end, e)

    def _done(self, ts: int, number: int, answer: ldap_bind.Result, cookie: bytes) -> None:
        search = self._searches.pop(number, None)
        if search is None:
            self._context.count("ldap.unasked")
            return
        if cookie and answer.code == 0 and ts - search.ts < _PAGING_TIME:
            if len(self._paged) == _PAGED:
                self._searched(self._paged.pop(next(iter(self._paged))), None)
            self._paged[cookie] = search
        else:
            self._searched(search, answer)

    def _searched(self, search: ldap_search.Search, answer: ldap_bind.Result | None) -> None:
        if search.is_ping:
            self._pings -= self._pings > 0
            host = sender(search)
            if host is not None and search.count:
                flow = self._flow
                self._context.host_seen(
                    search.ts, flow, self._protocol, flow.client, host, _NETLOGON
                )
        self._context.emit(search_event(self._flow, self._protocol, search, answer))

    def _changed(self, written: Written, outcome: str) -> None:
        change = written.change
        if change is not None:
            # what the server did not do is not worth thousands of events, which anybody could order
            rows = change.rows if outcome == "success" else change.rows[:_ROWS_UNDONE]
            left_out = change.left_out + len(change.rows) - len(rows)
            if left_out:
                self._context.count("ldap.values_left_out", left_out)
            for row in rows:
                event = change_event(self._flow, self._protocol, written, change, row, outcome)
                self._context.emit(event)
        for fact in written.facts:
            self._context.emit(fact_event(self._flow, self._protocol, written, fact, outcome))
