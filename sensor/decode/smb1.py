"""SMB1: who logs on, and DCE/RPC in its named pipes; files only by open and close.

Kept small: the dialect is obsolete, but scanners, old tools and negotiation begin with it. AndX
chains are followed. References: MS-CIFS 2.2.3-2.2.4, MS-SMB 2.2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed
from sensor.decode import smb1_message as c
from sensor.decode.smb1_message import Block, blocks
from sensor.decode.smb_files import Files, Open, event_of, looks_like_rpc, pipe_name
from sensor.decode.smb_session import Client, Session

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_MORE_PROCESSING: Final = 0xC0000016
_BUFFER_OVERFLOW: Final = 0x80000005
_TRANSACT_PIPE: Final = 0x26
_SIGNING_REQUIRED: Final = 0x08
_WAIT_LIMIT: Final = 256
_SESSION_LIMIT: Final = 64
_TREE_LIMIT: Final = 128
_HEAD_KEPT: Final = 128
_WHOLE_LIMIT: Final = 131_072


class Waiting:
    """A request that waits for its answer."""

    __slots__ = ("account", "entry", "fid", "mechanism", "session", "text", "ts")

    def __init__(self, ts: int) -> None:
        self.ts = ts
        self.text = ""
        self.fid = b""
        self.account: str | None = None
        self.mechanism: str | None = None
        self.entry: Open | None = None
        self.session: Session | None = None


class Connection:
    """State of one SMB1 connection; requests are paired by command, MID, PID and TID."""

    __slots__ = ("_client", "_context", "_flow", "_sessions", "_trees", "_waiting", "files")

    def __init__(self, flow: Flow, context: Context, client: Client) -> None:
        self._flow = flow
        self._context = context
        self._client = client
        self.files = Files(context)
        self._sessions: dict[int, Session] = {}
        self._trees: dict[int, tuple[str, bool]] = {}
        self._waiting: dict[tuple[int, int], Waiting] = {}

    def want(self, to_server: bool, b: bytes, o: int, e: int, size: int) -> int:
        """As `Reader.frame`: content of files is not needed."""
        if e - o < min(size, _HEAD_KEPT):
            return 0
        content = size > _HEAD_KEPT and self._is_content(to_server, b, o, e)
        return _HEAD_KEPT if content else min(size, _WHOLE_LIMIT)

    def _is_content(self, to_server: bool, b: bytes, o: int, e: int) -> bool:
        """Is this a read or a write of a file, and not of a pipe?"""
        if b[o + 4] == c.READ_ANDX and not to_server:
            waiting = self._waiting.get((c.READ_ANDX, int.from_bytes(b[o + 30 : o + 32], "little")))
            return waiting is None or waiting.entry is None or not waiting.entry.is_pipe
        if b[o + 4] == c.WRITE_ANDX and to_server:
            entry = self.files.get(b[o + 37 : o + 39])
            start = o + int.from_bytes(b[o + 55 : o + 57], "little")
            rpc = looks_like_rpc(b, start, e) if entry is None else entry.takes_rpc(b, start, e)
            return not rpc
        return False

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        for block in blocks(b, o, e):
            if block.reply == to_server:
                raise Malformed("SMB1 message in the wrong direction")
            if to_server:
                self._request(ts, block)
            else:
                self._response(ts, block)

    def _wait(self, m: Block, w: Waiting) -> None:
        if len(self._waiting) >= _WAIT_LIMIT:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[m.command, m.mid] = w

    def _session(self, uid: int) -> Session:
        found = self._sessions.get(uid)
        if found is None:
            found = Session(self._flow, self._context)
            self._keep(uid, found)
        return found

    def _keep(self, uid: int, session: Session) -> None:
        if len(self._sessions) >= _SESSION_LIMIT and uid not in self._sessions:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[uid] = session

    def _request(self, ts: int, m: Block) -> None:
        w = Waiting(ts)
        if m.command == c.NEGOTIATE:
            names = m.dialects()
            self._client.shape = "1:" + ",".join(name.replace(";", " ") for name in names)
            w.text = "\n".join(names)
        elif m.command == c.SESSION_SETUP:
            self._set_up(ts, m, w)
        elif m.command == c.TREE_CONNECT:
            password = m.word(6)
            w.text, _next = m.string(m.data + password)
        elif m.command == c.NT_CREATE:
            w.text, _next = m.string(m.data)
        elif m.command == c.CLOSE:
            w.fid = m.words_raw(0, 2)
        elif m.command == c.READ_ANDX:
            w.entry = self.files.get(m.words_raw(4, 2))
        elif m.command == c.WRITE_ANDX:
            w.fid = m.words_raw(4, 2)
            self._write(ts, m, w, m.word(22), m.word(20), pipe=False)
        elif m.command == c.TRANSACTION:
            if m.count < 16 or m.word(28) != _TRANSACT_PIPE:
                return
            w.fid = m.words_raw(30, 2)
            self._write(ts, m, w, m.word(24), m.word(22), pipe=True)
        elif m.command not in (c.LOGOFF, c.TREE_DISCONNECT):
            return
        self._wait(m, w)

    def _write(self, ts: int, m: Block, w: Waiting, offset: int, size: int, *, pipe: bool) -> None:
        span = m.kept(offset, size)
        w.entry = self.files.get(w.fid)
        if w.entry is None and (pipe or looks_like_rpc(m.b, span[0], span[1])):
            w.entry = self.files.found(ts, self._session(m.uid).flow, (m.uid, m.tid), w.fid)
        if w.entry is None:
            return
        w.entry.bytes_written += size
        w.entry.is_pipe |= pipe
        if w.entry.takes_rpc(m.b, span[0], span[1]):
            self.files.written(ts, w.entry, m.b, span)

    def _set_up(self, ts: int, m: Block, w: Waiting) -> None:
        """Extended security (12 words), NT LM 0.12 (13) or LAN Manager (10)."""
        session = self._session(m.uid) if m.uid else Session(self._flow, self._context)
        w.session = session
        o = m.data
        if m.count == 12:
            size = m.word(14)
            start, stop = m.span(o, size)
            session.asked(ts, m.b, start, stop)
            o = stop
        elif m.count == 13:
            o += m.word(14) + m.word(16)
        elif m.count == 10:
            o += m.word(14)
        else:
            raise Malformed(f"session set-up of {m.count} words")
        if m.count != 12:
            user, o = m.string(o)
            domain, o = m.string(o)
            w.account = (f"{domain}\\{user}" if domain and user else user) or None
            w.mechanism = "ntlm" if user else "anonymous"
        system, o = m.string(o)
        manager, o = m.string(o)
        session.native_os, session.native_lm = system or None, manager or None
        session.shape = f"{m.count},{m.flags2:x}"

    def _response(self, ts: int, m: Block) -> None:
        w = self._waiting.pop((m.command, m.mid), None)
        if w is None:
            return
        if m.command == c.NEGOTIATE:
            self._negotiated(m, w)
        elif m.command == c.SESSION_SETUP and w.session is not None:
            self._set_up_answer(ts, m, w, w.session)
        elif m.command == c.TREE_CONNECT:
            self._connected(m, w)
        elif m.command == c.NT_CREATE:
            self._created(ts, m, w)
        elif m.command == c.CLOSE and m.status == 0:
            self.files.end(ts, w.fid)
        elif m.command == c.LOGOFF and m.status == 0:
            self.files.end_where(ts, lambda key: key[0] == m.uid)
            self._sessions.pop(m.uid, None)
        elif m.command == c.TREE_DISCONNECT and m.status == 0:
            self.files.end_where(ts, lambda key: key[1] == m.tid)
            self._trees.pop(m.tid, None)
        elif m.status in (0, _BUFFER_OVERFLOW) and w.entry is not None:
            self._read(ts, m, w.entry)

    def _read(self, ts: int, m: Block, entry: Open) -> None:
        if m.command == c.READ_ANDX:
            offset, size = m.word(12), m.word(10)
        elif m.command == c.TRANSACTION:
            offset, size = m.word(14), m.word(12)
        else:
            return
        entry.bytes_read += size
        if entry.is_pipe:
            self.files.read(ts, entry, m.b, m.kept(offset, size))

    def _negotiated(self, m: Block, w: Waiting) -> None:
        if m.status or m.count < 1 or m.word(0) >= len(w.text.split("\n")):
            return
        self._client.dialect = "smb1"
        if m.count >= 2:
            self._client.signing = bool(m.words_raw(2, 1)[0] & _SIGNING_REQUIRED)

    def _set_up_answer(self, ts: int, m: Block, w: Waiting, session: Session) -> None:
        if m.status in (0, _MORE_PROCESSING):
            self._keep(m.uid, session)
            if m.count == 4:
                start, stop = m.span(m.data, m.word(6))
                session.answered(ts, m.b, start, stop)
        if m.status == _MORE_PROCESSING:
            return
        self._client.dialect = "smb1"
        session.established(w.ts, self._client, m.status, w.account, w.mechanism)
        if m.status:
            self._sessions.pop(m.uid, None)

    def _connected(self, m: Block, w: Waiting) -> None:
        flow = self._session(m.uid).flow
        self._context.emit(event_of(flow, w.ts, w.text, None, action="open", status=m.status))
        if m.status == 0:
            if len(self._trees) >= _TREE_LIMIT:
                self._trees.pop(next(iter(self._trees)))
            self._trees[m.tid] = (w.text, m.service() == "IPC")

    def _created(self, ts: int, m: Block, w: Waiting) -> None:
        share, is_pipe = self._trees.get(m.tid, (None, False))
        path = pipe_name(w.text) if is_pipe else w.text.lstrip("\\")
        flow = self._session(m.uid).flow
        if m.status:
            self.files.refuse(w.ts, flow, share, path, m.status)
            return
        entry = Open(flow, (m.uid, m.tid), share, path, is_pipe=is_pipe)
        self.files.add(ts, m.words_raw(5, 2), entry)

    def close(self, ts: int) -> None:
        self.files.end_where(ts, lambda _key: True)
        for session in self._sessions.values():
            session.close(ts)
        for w in self._waiting.values():
            if w.session is not None:
                w.session.close(ts)
