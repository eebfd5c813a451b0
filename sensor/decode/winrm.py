"""WS-Management over HTTP: who opens a shell on a server by WinRM or PowerShell remoting.

Requests to `/wsman` and their answers are read as far as their headers; bodies, mostly sealed by
SPNEGO, are skipped. Tokens of `Authorization` and `WWW-Authenticate` are one authentication
exchange (RFC 4559). One `remote_shell` a connection, when the server refuses the client or first
answers a request that has a body; empty ones only carry tokens. References: MS-WSMV 2.1, 3.1.4; MS-PSRP 2.1; RFC 9112.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from dsl.schema.windows import RemoteShell
from sensor.contract import Malformed, Reader, common

if TYPE_CHECKING:
    from sensor.contract import Auth, Context, Flow

PORTS_TCP: Final = (5985,)
PORTS_UDP: Final = ()

_HEAD_LIMIT: Final = 32_768
_BODY_LIMIT: Final = 1 << 31
_LINES: Final = 64
_END: Final = b"\r\n\r\n"
_METHODS: Final = (b"POST ", b"GET ", b"HEAD ", b"PUT ", b"OPTIONS ")
_ANSWER: Final = b"HTTP/1."
_SCHEMES: Final = frozenset({b"negotiate", b"kerberos", b"ntlm"})
_PATH: Final = b"/wsman"
_UNAUTHORIZED: Final = 401
_SUCCESS: Final = 200
_NO_SUCCESS: Final = 300


class Head:
    """First line and the headers that matter."""

    __slots__ = ("length", "line", "sealed", "token")

    def __init__(self, b: bytes, o: int, e: int) -> None:
        lines = b[o:e].split(b"\r\n", _LINES)
        self.line = lines[0]
        self.length = 0
        self.sealed = False
        self.token: bytes | None = None
        """of the scheme that carries tokens; empty if the scheme is only offered"""
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            name = name.strip().lower()
            value = value.strip()
            if name == b"content-length" and value.isdigit():
                self.length = min(int(value[:12]), _BODY_LIMIT)
            elif name == b"content-type":
                self.sealed = b"encrypted" in value.lower()
            elif name in (b"authorization", b"www-authenticate"):
                scheme, _, token = value.partition(b" ")
                if scheme.lower() in _SCHEMES and not self.token:
                    self.token = token.strip()


class HttpReader(Reader):
    """Messages of one connection."""

    __slots__ = ("_asked", "_auth", "_context", "_filled", "_flow", "_kind", "_sealed", "_told")

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._auth: Auth | None = None
        self._asked = 0
        """time of the request to /wsman that waits for its answer, else 0"""
        self._filled = False
        self._kind = "winrm"
        self._sealed = False
        self._told = False

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        if not _begins(to_server, b, o, e):
            return 0, -1
        end = b.find(_END, o, min(e, o + _HEAD_LIMIT))
        if end < 0:
            if e - o < _HEAD_LIMIT:
                return 0, 0
            # passed over at once: to search on from each beginning inside it would cost its square
            self._context.count("winrm.endless_head")
            return 0, e - o
        size = end + len(_END) - o
        return size, size + Head(b, o, end).length

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        if not to_server:
            return b.find(_ANSWER, o, e)
        return b.find(b"POST " + _PATH, o, e)

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        end = b.find(_END, o, e)
        if end < 0:
            raise Malformed("HTTP header without an end")
        head = Head(b, o, end)
        if to_server:
            self._request(ts, head)
        else:
            self._answer(ts, head)

    def _request(self, ts: int, head: Head) -> None:
        _method, _, target = head.line.partition(b" ")
        self._asked = 0
        if not target.lower().startswith(_PATH):
            return
        self._asked = ts
        if b"psversion=" in target.lower():
            self._kind = "powershell"
        self._sealed = head.sealed
        self._filled = head.length > 0
        if head.token:
            if self._auth is None:
                self._auth = self._context.auth(self._flow, "http")
            self._give(ts, head.token, to_server=True)

    def _answer(self, ts: int, head: Head) -> None:
        parts = head.line.split(b" ", 2)
        if len(parts) < 2 or not parts[1][:3].isdigit():
            raise Malformed("HTTP answer without a status")
        status = int(parts[1][:3])
        if head.token and self._auth is not None:
            self._give(ts, head.token, to_server=False)
        if status == _UNAUTHORIZED and (head.token or self._auth is None):
            return  # goes on, or begins
        outcome = "success" if _SUCCESS <= status < _NO_SUCCESS else "error"
        if status == _UNAUTHORIZED:
            outcome = "denied"
        if self._auth is not None:
            self._auth.finish(ts, "denied" if outcome == "denied" else "success", None)
            if outcome != "denied":
                self._flow.account = self._auth.account
            account = self._auth.account
            self._auth = None
        else:
            account = self._flow.account
        self._tell(outcome, account)

    def _tell(self, outcome: str, account: str | None) -> None:
        if self._told or not self._asked or not (self._filled or outcome == "denied"):
            return
        self._told = outcome != "denied"
        event = RemoteShell(**common(self._flow, self._asked, "http"), kind=self._kind)
        event.account = account
        event.outcome = outcome
        event.encrypted = self._sealed
        self._context.emit(event)

    def _give(self, ts: int, text: bytes, *, to_server: bool) -> None:
        try:
            token = binascii.a2b_base64(text)
        except binascii.Error:
            self._context.count("winrm.token_malformed")
            return
        if self._auth is not None and token:
            self._auth.token(ts, to_server, token, 0, len(token))

    def gap(self, ts: int, to_server: bool) -> None:  # noqa: ARG002 the contract names them
        self._asked = 0

    def close(self, ts: int) -> None:
        if self._auth is not None:
            self._auth.finish(ts, "unknown", None)
            self._auth = None


def _begins(to_server: bool, b: bytes, o: int, e: int) -> bool:
    """Can a message of this direction begin so? Few bytes are given the benefit of the doubt."""
    words = _METHODS if to_server else (_ANSWER,)
    for word in words:
        n = min(len(word), e - o)
        if b[o : o + n] == word[:n]:
            return True
    return False


def reader(flow: Flow, context: Context) -> HttpReader:
    """Reader of a connection to the WinRM service."""
    return HttpReader(flow, context)
