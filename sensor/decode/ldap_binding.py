"""The bind of a connection, over all its legs: who the connection acts as (RFC 4511 §4.2).

SASL and Sicily binds take several requests; they are one event, with the last result, at the time
of the first. In fast bind mode (MS-ADTS §3.1.1.3.4.2.1) a connection only tries passwords, many at
once, and stays anonymous: binds and answers meet by message id. Tokens go to the exchange that `Context.auth` gives. Knows no framing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ldap import LdapBind
from sensor.contract import wire_event
from sensor.decode import ldap_bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Auth, Context, Flow

_TOKENS: Final = frozenset({"gssapi", "gss_spnego", "ntlm_sicily"})
_TO_SERVER: Final = True
_TO_CLIENT: Final = False
_FAST: Final = 64
"""Fast binds that wait for their answers, at most."""


class Binding:
    """The bind under way, if any. `wrapped`: a SASL bind ended, so that buffers may follow. `fast`:
    the connection is in fast bind mode.
    """

    def __init__(
        self, flow: Flow, context: Context, protocol: str, tag_key: Callable[[], bytes]
    ) -> None:
        self.wrapped = False
        self.fast = False
        self._tried: dict[int, tuple[int, ldap_bind.Bind]] = {}
        self._flow = flow
        self._context = context
        self._protocol = protocol
        self._tag_key = tag_key
        self._bind: ldap_bind.Bind | None = None
        self._ts = 0
        self._open = False
        self._auth: Auth | None = None

    def close(self, ts: int) -> None:
        """The connection ends: a bind without its last answer is told."""
        if self._bind is not None:
            self._bound(ts, self._bind, None)
        for asked, bind in self._tried.values():
            self._tell(asked, bind, None)
        self._tried.clear()

    def request(self, ts: int, number: int, b: bytes, o: int, e: int) -> None:
        """The BindRequest whose content is b[o:e]: a new bind, or the next leg of the open one."""
        bind = ldap_bind.bind_request(b, o, e, self._tag_key())
        if self.fast:
            if len(self._tried) == _FAST:
                before_that, unanswered = self._tried.pop(next(iter(self._tried)))
                self._tell(before_that, unanswered, None)
            self._tried[number] = (ts, bind)
            return
        before = self._bind
        if before is not None and not (self._open and before.mechanism == bind.mechanism):
            self._bound(ts, before, None)
        if not self._open:
            self._ts = ts
            self._auth = None
        if bind.mechanism in _TOKENS:
            if self._auth is None:
                self._auth = self._context.auth(self._flow, "ldap")
            self._auth.token(ts, _TO_SERVER, b, bind.start, bind.stop)
        self._bind = bind
        self._open = False

    def response(self, ts: int, number: int, b: bytes, o: int, e: int) -> None:
        """The BindResponse whose content is b[o:e]."""
        bind = self._bind
        answer = ldap_bind.result(b, o, e)
        tried = self._tried.pop(number, None)
        if tried is not None:
            self._tell(tried[0], tried[1], answer)
            return
        if bind is None:
            self._context.count("ldap.unasked")
            return
        if self._auth is not None and answer.stop > answer.start:
            self._auth.token(ts, _TO_CLIENT, b, answer.start, answer.stop)
        sicily = bind.mechanism == "ntlm_sicily" and bind.tag != ldap_bind.SICILY_RESPONSE
        if answer.code == ldap_bind.SASL_IN_PROGRESS or (sicily and answer.code == 0):
            self._open = True
        else:
            self._bound(ts, bind, answer)

    def _bound(self, ts: int, bind: ldap_bind.Bind, answer: ldap_bind.Result | None) -> None:
        """The bind is over: who the connection acts as from here on (RFC 4511 §4.2.1)."""
        account = bind.account
        outcome = "unknown" if answer is None else ldap_bind.outcome(answer)
        if self._auth is not None:
            account = self._auth.account
            self._auth.finish(ts, outcome, None)
        self._tell(self._ts, bind, answer, account)
        self._flow.account = account if outcome == "success" else None
        self.wrapped = self.wrapped or bind.tag not in {0, ldap_bind.SIMPLE}
        self._bind = None
        self._open = False
        self._auth = None

    def _tell(
        self,
        ts: int,
        bind: ldap_bind.Bind,
        answer: ldap_bind.Result | None,
        account: str | None = None,
    ) -> None:
        """The event of a bind asked for at `ts`."""
        event = wire_event(LdapBind, self._flow, ts, self._protocol)
        event.account = account or bind.account
        event.mechanism = bind.mechanism
        event.bind_name = bind.name
        event.password_tag = bind.password_tag
        event.outcome = "unknown" if answer is None else ldap_bind.outcome(answer)
        event.result = None if answer is None else answer.code
        self._context.emit(event)
