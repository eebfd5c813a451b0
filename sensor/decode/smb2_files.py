"""SMB 2 and 3 commands on files and pipes: CREATE, READ, WRITE, CLOSE, IOCTL, SET_INFO.

Functions over a `Connection`; it pairs, they understand. Only what is counted or handed to a pipe
is read. Reference: MS-SMB2 2.2.13-2.2.32, 2.2.39; MS-FSCC 2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode import smb2_header as h
from sensor.decode.smb_files import Open, looks_like_rpc, pipe_name

if TYPE_CHECKING:
    from sensor.decode.smb2 import Connection
    from sensor.decode.smb2_header import Message
    from sensor.decode.smb_session import Session

FILE_COMMANDS: Final = frozenset({h.CREATE, h.CLOSE, h.READ, h.WRITE, h.IOCTL, h.SET_INFO})
PIPE_TRANSCEIVE: Final = 0x0011C017
_RESUME_KEY: Final = 0x00140078
_COPY_CHUNK: Final = frozenset({0x001440F2, 0x001480F2})
_RELATED_FILE: Final = b"\xff" * 16
_DELETE_ON_CLOSE: Final = 0x1000
_OPENED: Final = 1
_FILE_INFO: Final = 1
_RENAME: Final = 10
_DISPOSITION: Final = 13
_DISPOSITION_EX: Final = 64
_FILE_ID_AT: Final[dict[int, int]] = {
    h.CLOSE: 8,
    h.READ: 16,
    h.WRITE: 16,
    h.IOCTL: 8,
    h.SET_INFO: 16,
}


class Request:
    """A request that waits for its answer. `origin` is the CREATE that a related request follows
    in its compound, whose answer gives both the file.
    """

    __slots__ = (
        "code", "command", "entry", "file", "flag", "origin", "session", "set_up", "text", "tree",
        "ts",
    )  # fmt: skip

    def __init__(self, ts: int, command: int, session: int, tree: int) -> None:
        self.ts = ts
        self.command = command
        self.session = session
        self.tree = tree
        self.text = ""
        self.code = 0
        self.flag = False
        self.file = b""
        self.entry: Open | None = None
        self.origin: Request | None = None
        self.set_up: Session | None = None


def file_id(m: Message) -> bytes:
    """FileId of a request that names one."""
    return m.raw(_FILE_ID_AT[m.command], 16)


def request(c: Connection, ts: int, m: Message, r: Request, related: Request | None) -> None:
    """Note what an answer will be counted for; pass on what is written to a pipe."""
    if m.command == h.CREATE:
        r.text = m.text(m.u16(44), m.u16(46))
        r.flag = bool(m.u32(40) & _DELETE_ON_CLOSE)
        return
    r.file = file_id(m)
    if r.file == _RELATED_FILE and related is not None:
        r.origin = related.origin or related
        r.file = r.origin.file
    r.entry = c.files.get(r.file)
    if m.command == h.WRITE:
        _write(c, ts, m, r)
    elif m.command == h.IOCTL:
        r.code = m.u32(4)
        if r.code == PIPE_TRANSCEIVE:
            _to_pipe(c, ts, m, r, (m.u32(24), m.u32(28)))
    elif m.command == h.SET_INFO and m.raw(2, 1)[0] == _FILE_INFO:
        r.code = m.raw(3, 1)[0]
        if r.code in (_DISPOSITION, _DISPOSITION_EX) and m.u32(4):
            start, _stop = m.span(m.u16(8), 1)
            r.flag = bool(m.b[start] & 1)


def _write(c: Connection, ts: int, m: Message, r: Request) -> None:
    offset, size = m.u16(2), m.u32(4)
    start, stop, _cut = m.kept(offset, size)
    if r.entry is None and r.origin is None and looks_like_rpc(m.b, start, stop):
        r.entry = _unseen(c, ts, r)
    if r.entry is not None and r.entry.takes_rpc(m.b, start, stop):
        _to_pipe(c, ts, m, r, (offset, size))
    elif r.entry is not None and r.entry.content is not None and not m.u32(12):
        r.entry.keep(m.u32(8), m.b, start, stop)


def _to_pipe(c: Connection, ts: int, m: Message, r: Request, data: tuple[int, int]) -> None:
    """Bytes for a pipe; `data` is their offset from the header and their number."""
    if r.entry is None:
        r.entry = _unseen(c, ts, r)
    r.entry.is_pipe = True
    r.entry.bytes_written += data[1]
    c.files.written(ts, r.entry, m.b, m.kept(*data))


def _unseen(c: Connection, ts: int, r: Request) -> Open:
    return c.files.found(ts, c.session(r.session).flow, (r.session, r.tree), r.file)


def answer(c: Connection, ts: int, m: Message, r: Request) -> None:
    """Count what was done, open and end files, pass on what is read from a pipe."""
    if m.command == h.CREATE:
        _created(c, ts, m, r)
        return
    if r.origin is not None:
        r.file = r.origin.file
        r.entry = c.files.get(r.file)
    if m.command == h.CLOSE:
        if m.status == 0:
            c.files.end(ts, r.file)
        return
    entry = r.entry
    if entry is None or m.status not in (0, h.BUFFER_OVERFLOW):
        return
    if m.command == h.READ:
        size = m.u32(4)
        entry.bytes_read += size
        if entry.is_pipe:
            c.files.read(ts, entry, m.b, m.kept(m.raw(2, 1)[0], size))
    elif m.command == h.IOCTL:
        if r.code == PIPE_TRANSCEIVE:
            size = m.u32(36)
            entry.bytes_read += size
            c.files.read(ts, entry, m.b, m.kept(m.u32(32), size))
        elif r.code == _RESUME_KEY:
            # asked for the source of a server-side copy (MS-SMB2 3.3.5.15.5)
            entry.copied = True
        elif r.code in _COPY_CHUNK and m.u32(36) >= 12:
            start, _stop, cut = m.kept(m.u32(32), 12)
            if not cut:
                entry.bytes_written += int.from_bytes(m.b[start + 8 : start + 12], "little")
    elif m.command == h.WRITE:
        if not entry.is_pipe:
            entry.bytes_written += m.u32(4)
    elif r.code == _RENAME:
        entry.renamed = True
    elif r.code in (_DISPOSITION, _DISPOSITION_EX):
        entry.deleted = r.flag


def _created(c: Connection, ts: int, m: Message, r: Request) -> None:
    key = (r.session, r.tree)
    tree = c.tree(key)
    share = tree.share if tree is not None else None
    is_pipe = tree is not None and tree.is_pipe
    path = pipe_name(r.text) if is_pipe else r.text
    flow = c.session(r.session).flow
    if m.status:
        c.files.refuse(r.ts, flow, share, path, m.status)
        return
    entry = Open(flow, key, share, path, is_pipe=is_pipe)
    entry.created = m.u32(4) != _OPENED
    entry.deleted = r.flag
    r.file = m.raw(64, 16)
    c.files.add(ts, r.file, entry)
