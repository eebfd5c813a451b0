"""SMB 2 and 3: sessions, trees and the pairing of answers with requests.

Fed with whole or headed messages by `sensor.decode.smb`; what is done with files is in
`smb2_files`. Bounded: outstanding requests, sessions, trees, opens. Reference: MS-SMB2 2.2, 3.3.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from sensor.contract import Malformed
from sensor.decode import smb2_header as h
from sensor.decode.smb2_files import FILE_COMMANDS, Request, answer, request
from sensor.decode.smb2_header import Message
from sensor.decode.smb_files import Files, event_of
from sensor.decode.smb_session import Client, Session

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_REQUEST_LIMIT: Final = 1_024
_SESSION_LIMIT: Final = 256
_TREE_LIMIT: Final = 512
_CONTEXT_LIMIT: Final = 16
_DIALECT_LIMIT: Final = 64
_WILDCARD: Final = 0x02FF
_SIGNING_REQUIRED: Final = 2
_PIPE_SHARE: Final = 2
_NULL_SESSION: Final = 2
_ENCRYPT_DATA: Final = 4


class Tree:
    """A connected share; `is_pipe`: IPC$."""

    __slots__ = ("is_pipe", "share")

    def __init__(self, share: str, *, is_pipe: bool) -> None:
        self.share = share
        self.is_pipe = is_pipe


class Connection:
    """State of one connection; `client` is shared with the SMB1 side, which may negotiate."""

    __slots__ = (
        "_client_signing", "_requests", "_sessions", "_trees", "client", "context", "files",
        "flow",
    )  # fmt: skip

    def __init__(self, flow: Flow, context: Context, client: Client) -> None:
        self.flow = flow
        self.context = context
        self.client = client
        self.files = Files(context)
        self._client_signing = False
        self._requests: dict[int, Request] = {}
        self._sessions: dict[int, Session] = {}
        self._trees: dict[tuple[int, int], Tree] = {}

    def session(self, ident: int) -> Session:
        """The session of this id; one whose set-up was not seen has no account."""
        found = self._sessions.get(ident)
        if found is None:
            found = Session(self.flow, self.context)
            self._keep_session(ident, found)
        return found

    def _keep_session(self, ident: int, session: Session) -> None:
        if len(self._sessions) >= _SESSION_LIMIT and ident not in self._sessions:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[ident] = session

    def tree(self, key: tuple[int, int]) -> Tree | None:
        return self._trees.get(key)

    def waiting(self, ident: int) -> Request | None:
        """The request that a response with this MessageId answers."""
        return self._requests.get(ident)

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one message, or all of a compound, of which b[o:e] was kept."""
        last: Request | None = None
        session = tree = 0
        while True:
            m = Message(b, o, e)
            if m.response == to_server:
                raise Malformed("SMB2 message in the wrong direction")
            if m.flags & h.RELATED and last is not None and to_server:
                m.session, m.tree = session, tree
            else:
                last = None
            session, tree = m.session, m.tree
            if to_server:
                last = self._request(ts, m, last)
            else:
                self._response(ts, m)
            if not m.next or o + m.next + h.HEAD > e:
                return
            o += m.next

    def _request(self, ts: int, m: Message, related: Request | None) -> Request | None:
        command = m.command
        r = Request(ts, command, m.session, m.tree)
        if command == h.NEGOTIATE:
            self._negotiate(m)
        elif command == h.SESSION_SETUP:
            self._set_up(ts, m, r)
        elif command == h.TREE_CONNECT:
            r.text = m.text(m.u16(4), m.u16(6))
        elif command in FILE_COMMANDS:
            request(self, ts, m, r, related)
        elif command not in (h.LOGOFF, h.TREE_DISCONNECT):
            return related
        if len(self._requests) >= _REQUEST_LIMIT:
            self._requests.pop(next(iter(self._requests)))
            self.context.count("smb.requests_dropped")
        self._requests[m.ident] = r
        # what follows in the compound refers to the file of the CREATE before it
        return r if command in FILE_COMMANDS else related or r

    def _response(self, ts: int, m: Message) -> None:
        if m.status == h.PENDING and m.flags & h.ASYNC:
            return
        if m.command == h.NEGOTIATE:
            self._requests.pop(m.ident, None)
            self._negotiated(m)
            return
        r = self._requests.pop(m.ident, None)
        if r is None or r.command != m.command:
            return
        if m.command == h.SESSION_SETUP:
            self._set_up_answer(ts, m, r)
        elif m.command == h.TREE_CONNECT:
            self._connected(m, r)
        elif m.command == h.TREE_DISCONNECT and m.status == 0:
            key = (r.session, r.tree)
            self._trees.pop(key, None)
            self.files.end_where(ts, lambda k: k == key)
        elif m.command == h.LOGOFF and m.status == 0:
            self.files.end_where(ts, lambda k: k[0] == r.session)
            self._sessions.pop(r.session, None)
        elif m.command in FILE_COMMANDS:
            answer(self, ts, m, r)

    # negotiation and set-up

    def _negotiate(self, m: Message) -> None:
        count = m.u16(2)
        if count > _DIALECT_LIMIT:
            raise Malformed(f"{count} dialects")
        dialects = [m.u16(36 + 2 * i) for i in range(count)]
        mode, capabilities = m.u16(4), m.u32(8)
        self._client_signing = bool(mode & _SIGNING_REQUIRED)
        self.client.guid = str(uuid.UUID(bytes_le=m.raw(12, 16)))
        contexts = _context_types(m) if 0x0311 in dialects else []
        # what the client offered first as SMB1 stays in front
        before = self.client.shape.partition(";")[0]
        self.client.shape = ";".join(
            (
                *((before,) if before.startswith("1:") else ()),
                "2:" + ",".join(f"{d:04x}" for d in dialects),
                f"{mode:x},{capabilities:x}",
                ",".join(f"{c:x}" for c in contexts),
            )
        )

    def _negotiated(self, m: Message) -> None:
        if m.status:
            return
        revision = m.u16(4)
        if revision != _WILDCARD:
            self.client.dialect = enums.SMB_DIALECT.get(revision, f"smb_{revision:04x}")
        self.client.signing = bool(m.u16(2) & _SIGNING_REQUIRED) or self._client_signing

    def _set_up(self, ts: int, m: Message, r: Request) -> None:
        start, stop = m.span(m.u16(12), m.u16(14))
        session = self.session(m.session) if m.session else Session(self.flow, self.context)
        session.shape = f"{m.raw(3, 1)[0]:x},{m.u32(4):x}"
        session.asked(ts, m.b, start, stop)
        r.set_up = session

    def _set_up_answer(self, ts: int, m: Message, r: Request) -> None:
        session = r.set_up
        if session is None:
            return
        flags = 0
        if m.status in (0, h.MORE_PROCESSING):
            self._keep_session(m.session, session)
            flags = m.u16(2)
            start, stop = m.span(m.u16(4), m.u16(6))
            session.answered(ts, m.b, start, stop)
        if m.status == h.MORE_PROCESSING:
            return
        if flags & _ENCRYPT_DATA:
            session.flow.encrypted = True
        mechanism = "anonymous" if flags & _NULL_SESSION else None
        session.established(r.ts, self.client, m.status, None, mechanism)
        if m.status:
            self._sessions.pop(m.session, None)

    def _connected(self, m: Message, r: Request) -> None:
        share = r.text
        flow = self.session(m.session or r.session).flow
        self.context.emit(event_of(flow, r.ts, share, None, action="open", status=m.status))
        if m.status:
            return
        is_pipe = m.raw(2, 1)[0] == _PIPE_SHARE
        if len(self._trees) >= _TREE_LIMIT:
            self._trees.pop(next(iter(self._trees)))
        self._trees[m.session, m.tree] = Tree(share, is_pipe=is_pipe)

    def sealed(self, ts: int, session: int, size: int) -> None:
        """A message of this session came encrypted."""
        self.session(session).sealed(ts, size)

    def close(self, ts: int) -> None:
        self.files.end_where(ts, lambda _key: True)
        for session in self._sessions.values():
            session.close(ts)
        for r in self._requests.values():
            if r.set_up is not None:
                r.set_up.close(ts)


def _context_types(m: Message) -> list[int]:
    """Types of the negotiate contexts, in the client's order (MS-SMB2 2.2.3.1)."""
    types = []
    o = m.o + m.u32(28)
    for _ in range(min(m.u16(32), _CONTEXT_LIMIT)):
        at = o - m.body
        if at < 0:
            raise Malformed("negotiate context before the body")
        types.append(m.u16(at))
        o += 8 + m.u16(at + 2)
        o += -(o - m.o) % 8
    return types
