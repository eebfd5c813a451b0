"""SMB1: sessions, trees and the pairing of answers with requests.

The dialect is obsolete, but scanners, old tools and negotiation begin with it. AndX chains are
followed; what is done with files and pipes is in `smb1_files`. References: MS-CIFS 2.2.3-2.2.4,
MS-SMB 2.2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ntlm import NtlmAuth
from sensor.contract import Malformed, common
from sensor.decode import smb1_message as c
from sensor.decode.ntstatus import outcome_of
from sensor.decode.smb1_files import COMMANDS, answer, continued, is_pipe_data, request
from sensor.decode.smb1_message import Block, blocks
from sensor.decode.smb1_transactions import PRIMARY
from sensor.decode.smb_files import Files, Open, event_of
from sensor.decode.smb_session import Client, Session

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_MORE_PROCESSING: Final = 0xC0000016
_SIGNING_REQUIRED: Final = 0x08
_WAIT_LIMIT: Final = 256
_SESSION_LIMIT: Final = 64
_TREE_LIMIT: Final = 128
_HEAD_KEPT: Final = 128
_WHOLE_LIMIT: Final = 131_072
_PATH_LIMIT: Final = 1_024
_CHALLENGE_RESPONSE: Final = 24
_ENCRYPTS: Final = 0x02


class Waiting:
    """A request that waits for its answer."""

    __slots__ = (
        "account", "action", "code", "entry", "fid", "flag", "left", "mechanism", "ntlm", "session",
        "text", "ts",
    )  # fmt: skip

    def __init__(self, ts: int) -> None:
        self.ts = ts
        self.text = ""
        self.fid = b""
        self.code = -1
        """subcommand of a transaction"""
        self.left = 0
        """bytes of a transaction's data that secondary requests are to bring"""
        self.flag = False
        """whether to delete: on close, or as the disposition"""
        self.action: str | None = None
        """what a change of information means, a word of enums.FILE_ACTION"""
        self.ntlm: str | None = None
        """which response a set-up without a blob carries, a word of enums.NTLM_VERSION"""
        self.account: str | None = None
        self.mechanism: str | None = None
        self.entry: Open | None = None
        self.session: Session | None = None


class Connection:
    """State of one SMB1 connection; requests are paired by command, MID, PID and TID."""

    __slots__ = (
        "_challenges", "_client", "_context", "_flow", "_sessions", "_trees", "_waiting", "files",
    )  # fmt: skip

    def __init__(self, flow: Flow, context: Context, client: Client) -> None:
        self._flow = flow
        self._context = context
        self._client = client
        self.files = Files(context)
        self._challenges = False
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
            return not is_pipe_data(self, b, o, e)
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

    def session(self, uid: int) -> Session:
        found = self._sessions.get(uid)
        if found is None:
            found = Session(self._flow, self._context)
            self._keep(uid, found)
        return found

    def _keep(self, uid: int, session: Session) -> None:
        if len(self._sessions) >= _SESSION_LIMIT and uid not in self._sessions:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[uid] = session

    def share(self, tid: int) -> tuple[str | None, bool]:
        """The share of a tree, and whether it is that of the pipes."""
        return self._trees.get(tid, (None, False))

    def tell_path(self, m: Block, w: Waiting, action: str) -> None:
        """What was done with a path without opening it."""
        share, _is_pipe = self.share(m.tid)
        flow = self.session(m.uid).flow
        path = w.text.lstrip("\\")[:_PATH_LIMIT]
        self._context.emit(event_of(flow, w.ts, share, path, action=action, status=m.status))

    def _request(self, ts: int, m: Block) -> None:
        primary = PRIMARY.get(m.command)
        if primary is not None:
            found = self._waiting.get((primary, m.mid))
            if found is not None:
                continued(self, ts, m, found)
            return
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
        elif m.command in COMMANDS:
            request(self, ts, m, w)
        elif m.command not in (c.LOGOFF, c.TREE_DISCONNECT):
            return
        self._wait(m, w)

    def _set_up(self, ts: int, m: Block, w: Waiting) -> None:
        """Extended security (12 words), NT LM 0.12 (13) or LAN Manager (10)."""
        session = self.session(m.uid) if m.uid else Session(self._flow, self._context)
        w.session = session
        o = m.data
        if m.count == 12:
            size = m.word(14)
            start, stop = m.span(o, size)
            session.asked(ts, m.b, start, stop)
            o = stop
        elif m.count == 13:
            w.ntlm = _response(m.word(14), m.word(16))
            o += m.word(14) + m.word(16)
        elif m.count == 10:
            w.ntlm = _response(m.word(14), 0)
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
        elif m.command == c.LOGOFF and m.status == 0:
            self.files.end_where(ts, lambda key: key[0] == m.uid)
            self._sessions.pop(m.uid, None)
        elif m.command == c.TREE_DISCONNECT and m.status == 0:
            self.files.end_where(ts, lambda key: key[1] == m.tid)
            self._trees.pop(m.tid, None)
        elif m.command in COMMANDS and answer(self, ts, m, w):
            self._wait(m, w)

    def _negotiated(self, m: Block, w: Waiting) -> None:
        if m.status or m.count < 1 or m.word(0) >= len(w.text.split("\n")):
            return
        self._client.dialect = "smb1"
        if m.count >= 2:
            mode = m.words_raw(2, 1)[0]
            self._client.signing = bool(mode & _SIGNING_REQUIRED)
            self._challenges = bool(mode & _ENCRYPTS)

    def _set_up_answer(self, ts: int, m: Block, w: Waiting, session: Session) -> None:
        if m.status in (0, _MORE_PROCESSING):
            self._keep(m.uid, session)
            if m.count == 4:
                start, stop = m.span(m.data, m.word(6))
                session.answered(ts, m.b, start, stop)
        if m.status == _MORE_PROCESSING:
            return
        self._client.dialect = "smb1"
        if w.ntlm is not None and self._challenges and w.mechanism == "ntlm":
            self._tell_ntlm(m, w, session)
        session.established(w.ts, self._client, m.status, w.account, w.mechanism)
        if m.status:
            self._sessions.pop(m.uid, None)

    def _tell_ntlm(self, m: Block, w: Waiting, session: Session) -> None:
        """A challenge of NEGOTIATE answered in the set-up itself: NTLM without NTLMSSP."""
        event = NtlmAuth(
            **common(session.flow, w.ts, "ntlm"),
            status=m.status,
            ntlm_version=w.ntlm,
            native_os=session.native_os,
        )
        event.account = w.account
        event.outcome = outcome_of(m.status)
        self._context.emit(event)

    def _connected(self, m: Block, w: Waiting) -> None:
        flow = self.session(m.uid).flow
        self._context.emit(event_of(flow, w.ts, w.text, None, action="open", status=m.status))
        if m.status == 0:
            if len(self._trees) >= _TREE_LIMIT:
                self._trees.pop(next(iter(self._trees)))
            self._trees[m.tid] = (w.text, m.service() == "IPC")

    def close(self, ts: int) -> None:
        self.files.end_where(ts, lambda _key: True)
        for session in self._sessions.values():
            session.close(ts)
        for w in self._waiting.values():
            if w.session is not None:
                w.session.close(ts)


def _response(lm: int, nt: int) -> str | None:
    """Which response a set-up carries, by the lengths of its two passwords."""
    if nt > _CHALLENGE_RESPONSE:
        return "v2"
    if nt == _CHALLENGE_RESPONSE:
        return "v1"
    return "lm" if lm == _CHALLENGE_RESPONSE else None
