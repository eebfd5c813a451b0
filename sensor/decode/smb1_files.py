"""SMB1 commands on files and pipes: opening, reading, writing, deleting, renaming, transactions.

Functions over a `Connection`; it pairs, they understand. As in SMB 2, only what is counted or
handed to a pipe is read. Reference: MS-CIFS 2.2.4, 2.2.5-2.2.8; MS-SMB 2.2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode import smb1_message as c
from sensor.decode.smb1_transactions import PRIMARY, TRANSACTIONS, Parts
from sensor.decode.smb_files import Open, Span, looks_like_rpc, pipe_name

if TYPE_CHECKING:
    from sensor.decode.smb1 import Connection, Waiting
    from sensor.decode.smb1_message import Block

_BUFFER_OVERFLOW: Final = 0x80000005
_TRANSACT_PIPE: Final = 0x26
_OPEN2: Final = 0
_SET_PATH_INFO: Final = 6
_SET_FILE_INFO: Final = 8
_NT_CREATE: Final = 1
_NT_RENAME: Final = 5
_DISPOSITION: Final = frozenset({0x102, 1013})
"""information levels: SMB_SET_FILE_DISPOSITION_INFO, and the class of MS-FSCC passed through"""
_RENAME: Final = 1010
_DELETE_ON_CLOSE: Final = 0x1000
_OPENED: Final = 1
_PATHS: Final[dict[int, str]] = {
    c.DELETE: "delete",
    c.DELETE_DIRECTORY: "delete",
    c.RENAME: "rename",
    c.NT_RENAME: "rename",
    c.CREATE_DIRECTORY: "write",
}
"""commands that act on a path without opening it"""
_OPENS: Final = frozenset({c.OPEN, c.CREATE, c.CREATE_NEW, c.OPEN_ANDX, c.NT_CREATE})
_FID_AT: Final[dict[int, int]] = {
    c.CLOSE: 0,
    c.READ: 0,
    c.WRITE: 0,
    c.WRITE_AND_CLOSE: 0,
    c.READ_ANDX: 4,
    c.WRITE_ANDX: 4,
}
COMMANDS: Final = frozenset({*_OPENS, *_PATHS, *_FID_AT, *TRANSACTIONS, *PRIMARY})


def request(conn: Connection, ts: int, m: Block, w: Waiting) -> None:
    """Note what an answer will be counted for; pass on what is written to a pipe."""
    command = m.command
    if command in _PATHS or command in _OPENS:
        w.text = _path(m)
        if command == c.NT_CREATE:
            w.flag = bool(m.word(39) & _DELETE_ON_CLOSE)
        return
    if command in TRANSACTIONS:
        _transaction(conn, ts, m, w)
        return
    w.fid = m.words_raw(_FID_AT[command], 2)
    w.entry = conn.files.get(w.fid)
    if command == c.WRITE_ANDX:
        size = m.word(20) | m.word(18) << 16
        _write(conn, ts, m, w, m.kept(m.word(22), size), size)
    elif command in (c.WRITE, c.WRITE_AND_CLOSE):
        size = m.word(2)
        # a buffer format and a length precede the data; WRITE_AND_CLOSE has one byte of padding
        start = m.data + (3 if command == c.WRITE else 1)
        stop = min(start + size, m.data_end)
        _write(conn, ts, m, w, (start, max(start, stop), stop < start + size), size)


def _path(m: Block) -> str:
    """The path that a request names; some forms put a buffer format before it."""
    o = m.data
    if m.command not in (c.OPEN_ANDX, c.NT_CREATE):
        o += 1
    return m.string(o)[0]


def _write(conn: Connection, ts: int, m: Block, w: Waiting, span: Span, size: int) -> None:
    if w.entry is None and looks_like_rpc(m.b, span[0], span[1]):
        w.entry = _unseen(conn, ts, m, w.fid)
    if w.entry is None:
        return
    w.entry.bytes_written += size
    if w.entry.takes_rpc(m.b, span[0], span[1]):
        conn.files.written(ts, w.entry, m.b, span)


def _unseen(conn: Connection, ts: int, m: Block, fid: bytes) -> Open:
    return conn.files.found(ts, conn.session(m.uid).flow, (m.uid, m.tid), fid)


def _transaction(conn: Connection, ts: int, m: Block, w: Waiting) -> None:
    parts = Parts(m)
    w.code = parts.first
    w.left = parts.total - parts.size
    if m.command == c.TRANSACTION:
        if parts.first != _TRANSACT_PIPE:
            return
        w.fid = m.words_raw(parts.setup, 2)
        w.entry = conn.files.get(w.fid) or _unseen(conn, ts, m, w.fid)
        w.entry.is_pipe = True
        _to_pipe(conn, ts, m, w, parts)
    elif m.command == c.TRANSACTION2:
        if parts.first == _SET_FILE_INFO:
            w.fid = parts.parameter(m, 0, 2)
            w.entry = conn.files.get(w.fid)
            _information(m, w, parts, int.from_bytes(parts.parameter(m, 2, 2), "little"))
        elif parts.first == _SET_PATH_INFO:
            _information(m, w, parts, int.from_bytes(parts.parameter(m, 0, 2), "little"))
            w.text = m.string(parts.parameters[0] + 6, parts.parameters[1])[0]
        elif parts.first == _OPEN2:
            w.text = m.string(parts.parameters[0] + 28, parts.parameters[1])[0]
    elif parts.first == _NT_CREATE:
        w.flag = bool(parts.parameter(m, 33, 1)[0] & _DELETE_ON_CLOSE >> 8)
        w.text = m.string(parts.parameters[0] + 53, parts.parameters[1])[0]
    elif parts.first == _NT_RENAME:
        w.fid = parts.parameter(m, 0, 2)
        w.entry = conn.files.get(w.fid)
        w.action = "rename"


def _information(m: Block, w: Waiting, parts: Parts, level: int) -> None:
    """What a change of information means, if it is one that counts."""
    start, stop, _cut = parts.data
    if level in _DISPOSITION and start < stop:
        w.action = "delete"
        w.flag = bool(m.b[start] & 1)
    elif level == _RENAME:
        w.action = "rename"


def _to_pipe(conn: Connection, ts: int, m: Block, w: Waiting, parts: Parts) -> None:
    entry = w.entry
    if entry is None or not parts.size:
        return
    entry.bytes_written += parts.size
    conn.files.written(ts, entry, m.b, parts.data)


def continued(conn: Connection, ts: int, m: Block, w: Waiting) -> None:
    """A secondary request: more of the data of the transaction `w`."""
    parts = Parts(m)
    w.left -= parts.size
    if w.code == _TRANSACT_PIPE and m.command == c.TRANSACTION_SECONDARY:
        _to_pipe(conn, ts, m, w, parts)


def answer(conn: Connection, ts: int, m: Block, w: Waiting) -> bool:
    """Count what was done, open and end files, pass on what is read; are more answers to come?"""
    command = m.command
    if command in _OPENS:
        _opened(conn, ts, m, w, _fid_and_action(m))
    elif command in _PATHS:
        conn.tell_path(m, w, _PATHS[command])
    elif command in (c.CLOSE, c.WRITE_AND_CLOSE):
        if m.status == 0:
            conn.files.end(ts, w.fid)
    elif command in TRANSACTIONS:
        return _transacted(conn, ts, m, w)
    elif m.status in (0, _BUFFER_OVERFLOW) and w.entry is not None:
        if command == c.READ_ANDX:
            _read(conn, ts, m, w.entry, m.word(12), m.word(10) | m.word(14) << 16)
        elif command == c.READ:
            _read(conn, ts, m, w.entry, m.data + 3 - m.o, m.word(0))
    return False


def _fid_and_action(m: Block) -> tuple[bytes, int]:
    """FID of an answer to an open, and whether the file was there before (1)."""
    if m.status:
        return b"", 0
    if m.command == c.NT_CREATE:
        return m.words_raw(5, 2), m.word(7)
    if m.command == c.OPEN_ANDX:
        return m.words_raw(4, 2), m.word(22) & 3 if m.count >= 12 else _OPENED
    return m.words_raw(0, 2), _OPENED if m.command == c.OPEN else 2


def _opened(conn: Connection, ts: int, m: Block, w: Waiting, done: tuple[bytes, int]) -> None:
    share, is_pipe = conn.share(m.tid)
    path = pipe_name(w.text) if is_pipe else w.text.lstrip("\\")
    flow = conn.session(m.uid).flow
    if m.status:
        conn.files.refuse(w.ts, flow, share, path, m.status)
        return
    fid, action = done
    entry = Open(flow, (m.uid, m.tid), share, path, is_pipe=is_pipe)
    entry.created = action != _OPENED
    entry.deleted = w.flag
    conn.files.add(ts, fid, entry)


def _read(conn: Connection, ts: int, m: Block, entry: Open, offset: int, size: int) -> None:
    entry.bytes_read += size
    if entry.is_pipe:
        conn.files.read(ts, entry, m.b, m.kept(offset, size))


def _transacted(conn: Connection, ts: int, m: Block, w: Waiting) -> bool:
    if m.count == 0 and m.status == 0 and w.left > 0:
        return True  # the server asks for the rest (MS-CIFS 3.2.4.1.5)
    if m.command == c.NT_TRANSACT and w.code == _NT_CREATE:
        _nt_created(conn, ts, m, w)
        return False
    if m.command == c.TRANSACTION2 and w.code == _OPEN2:
        done = (Parts(m).parameter(m, 0, 2), _OPENED) if m.status == 0 else (b"", 0)
        _opened(conn, ts, m, w, done)
        return False
    if w.action is not None:
        if w.entry is not None and m.status == 0:
            w.entry.deleted = w.flag if w.action == "delete" else w.entry.deleted
            w.entry.renamed |= w.action == "rename"
        elif w.text and (w.flag or w.action == "rename"):
            conn.tell_path(m, w, w.action)
        return False
    if m.status not in (0, _BUFFER_OVERFLOW) or w.entry is None or not w.entry.is_pipe:
        return False
    parts = Parts(m)
    w.entry.bytes_read += parts.size
    conn.files.read(ts, w.entry, m.b, parts.data)
    return parts.displacement + parts.size < parts.total


def _nt_created(conn: Connection, ts: int, m: Block, w: Waiting) -> None:
    done = (b"", 0)
    if m.status == 0:
        parts = Parts(m)
        done = (
            parts.parameter(m, 2, 2),
            int.from_bytes(parts.parameter(m, 4, 4), "little"),
        )
    _opened(conn, ts, m, w, done)


def is_pipe_data(conn: Connection, b: bytes, o: int, e: int) -> bool:
    """Does the WRITE_ANDX at `o` write to a pipe?"""
    entry = conn.files.get(b[o + 37 : o + 39])
    start = o + int.from_bytes(b[o + 55 : o + 57], "little")
    return looks_like_rpc(b, start, e) if entry is None else entry.takes_rpc(b, start, e)
