"""Files and pipes that are open on an SMB connection, of either protocol version.

Sums what is read and written and tells it as `smb_file` when the open ends: one event for each
thing that was done (a file that was read and then deleted gives two), `open` if nothing was. A
pipe gives one `open`; its content goes to the reader of DCE/RPC. What is written to a file of a group
policy is kept and told setting by setting. Knows no message format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import GpoChange
from dsl.schema.smb import SmbFile
from sensor.contract import wire_event
from sensor.decode import smb_policy
from sensor.decode.ntstatus import outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.contract import Context, Flow, Reader

_OPEN_LIMIT: Final = 1_024
_PATH_LIMIT: Final = 1_024
_KEPT_LIMIT: Final = 16
_RPC_HEAD: Final = 8
_CLIENT_PDUS: Final = frozenset({0, 11, 14, 16})

Span = tuple[int, int, bool]
"""Start and stop of bytes that were kept, and whether more of them were not."""


class Open:
    """One open file or pipe. `key` groups opens that end together (session, tree)."""

    __slots__ = (
        "bytes_read", "bytes_written", "content", "copied", "created", "deleted", "flow", "is_pipe",
        "key", "path", "policy", "reader", "renamed", "share",
    )  # fmt: skip

    def __init__(
        self,
        flow: Flow,
        key: tuple[int, int],
        share: str | None,
        path: str | None,
        *,
        is_pipe: bool,
    ) -> None:
        self.flow = flow
        self.key = key
        self.share = share
        self.path = path[:_PATH_LIMIT] if path is not None else None
        self.is_pipe = is_pipe
        self.reader: Reader | None = None
        self.bytes_read = 0
        self.bytes_written = 0
        self.created = False
        self.copied = False
        self.deleted = False
        self.renamed = False
        self.policy: tuple[str, str] | None = None
        """the group policy it belongs to, and its path inside it"""
        self.content: bytearray | None = None
        """what is written to it, if its settings are read"""
        if path is not None and "{" in path and not is_pipe:
            self.policy = smb_policy.policy_of(self.path or "")
            if self.policy is not None and smb_policy.has_settings(self.policy[1]):
                self.content = bytearray()

    def keep(self, offset: int, b: bytes, o: int, e: int) -> None:
        """Bytes written at this offset of the file; kept as far as they leave no hole."""
        content = self.content
        if content is None or offset > len(content):
            return
        end = min(e, o + smb_policy.CONTENT_LIMIT - offset)
        if o < end:
            content[offset : offset + end - o] = b[o:end]

    def takes_rpc(self, b: bytes, o: int, e: int) -> bool:
        """Is what is written here for a pipe? Where the tree was not seen, its content says so."""
        if not self.is_pipe and self.share is None:
            self.is_pipe = looks_like_rpc(b, o, e)
        return self.is_pipe

    def actions(self) -> list[str]:
        """What was done, as words of enums.FILE_ACTION."""
        if self.is_pipe:
            return ["open"]
        done = []
        if self.copied:
            done.append("copy")
        if self.bytes_read:
            done.append("read")
        if self.created or self.bytes_written:
            done.append("write")
        if self.renamed:
            done.append("rename")
        if self.deleted:
            done.append("delete")
        return done or ["open"]


def event_of(
    flow: Flow, ts: int, share: str | None, path: str | None, *, action: str, status: int
) -> SmbFile:
    """A `smb_file` with its outcome."""
    event = wire_event(SmbFile, flow, ts, "smb")
    event.share = share
    event.path = path
    event.action = action
    event.status = status
    event.outcome = outcome_of(status)
    event.encrypted = flow.encrypted
    return event


class Files:
    """Opens by the id the server gave; bounded, the oldest is told early when there are more."""

    __slots__ = ("_context", "_kept", "_opens")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._opens: dict[bytes, Open] = {}
        self._kept = 0
        """opens whose content is kept"""

    def get(self, ident: bytes) -> Open | None:
        return self._opens.get(ident)

    def add(self, ts: int, ident: bytes, entry: Open) -> None:
        if ident in self._opens:
            self.end(ts, ident)
        elif len(self._opens) >= _OPEN_LIMIT:
            self._context.count("smb.opens_dropped")
            self.end(ts, next(iter(self._opens)))
        self._opens[ident] = entry
        if entry.content is not None:
            self._kept += 1
            if self._kept > _KEPT_LIMIT:
                self._context.count("smb.policies_dropped")
                self._kept -= 1
                entry.content = None

    def found(self, ts: int, flow: Flow, key: tuple[int, int], ident: bytes) -> Open:
        """A pipe whose opening was not seen but whose content is DCE/RPC."""
        entry = Open(flow, key, None, None, is_pipe=True)
        self.add(ts, ident, entry)
        return entry

    def refuse(self, ts: int, flow: Flow, share: str | None, path: str | None, status: int) -> None:
        """An open that the server refused."""
        path = path[:_PATH_LIMIT] if path is not None else None
        self._context.emit(event_of(flow, ts, share, path, action="open", status=status))

    def written(self, ts: int, entry: Open, b: bytes, span: Span) -> None:
        """Bytes that the client wrote to a pipe."""
        reader = self._reader(entry)
        start, stop, cut = span
        if start < stop:
            reader.message(ts, True, b, start, stop)  # noqa: FBT003 direction, by contract
        if cut:
            reader.gap(ts, True)  # noqa: FBT003

    def read(self, ts: int, entry: Open, b: bytes, span: Span) -> None:
        """Bytes that the client read from a pipe."""
        reader = self._reader(entry)
        start, stop, cut = span
        if start < stop:
            reader.message(ts, False, b, start, stop)  # noqa: FBT003 direction, by contract
        if cut:
            reader.gap(ts, False)  # noqa: FBT003

    def _reader(self, entry: Open) -> Reader:
        if entry.reader is None:
            entry.reader = self._context.pipe(entry.flow, entry.path or "")
        return entry.reader

    def gap(self, ts: int, to_server: bool) -> None:
        for entry in self._opens.values():
            if entry.reader is not None:
                entry.reader.gap(ts, to_server)

    def end(self, ts: int, ident: bytes) -> None:
        """The open is closed: tell what was done with it."""
        entry = self._opens.pop(ident, None)
        if entry is None:
            return
        if entry.content is not None:
            self._kept -= 1
        if entry.reader is not None:
            entry.reader.close(ts)
        for action in entry.actions():
            event = event_of(entry.flow, ts, entry.share, entry.path, action=action, status=0)
            if entry.is_pipe or action == "read":
                event.bytes_read = entry.bytes_read
            if entry.is_pipe or action == "write":
                event.bytes_written = entry.bytes_written
            self._context.emit(event)
        if entry.policy is not None and (entry.bytes_written or entry.created):
            self._tell_policy(ts, entry, entry.policy)

    def _tell_policy(self, ts: int, entry: Open, policy: tuple[str, str]) -> None:
        guid, inside = policy
        for setting in smb_policy.settings(inside, bytes(entry.content or b"")):
            change = wire_event(GpoChange, entry.flow, ts, "smb")
            change.actor = entry.flow.account
            change.gpo = guid
            change.setting = setting.name
            change.value = setting.value
            change.disables = setting.disables
            change.outcome = "success"
            self._context.emit(change)

    def end_where(self, ts: int, matches: Callable[[tuple[int, int]], bool]) -> None:
        """End all opens of a tree, a session or the connection."""
        for ident in [i for i, entry in self._opens.items() if matches(entry.key)]:
            self.end(ts, ident)


def looks_like_rpc(b: bytes, o: int, e: int) -> bool:
    """Does a client's DCE/RPC PDU begin here?"""
    return (
        e - o >= _RPC_HEAD
        and b[o] == 5
        and b[o + 1] <= 1
        and b[o + 2] in _CLIENT_PDUS
        and b[o + 4] in (0x10, 0x00)
        and b[o + 6] == 0
    )


def pipe_name(path: str) -> str:
    r"""Name of a pipe as the events give it: without leading backslashes and `PIPE\`."""
    name = path.lstrip("\\")
    return name[5:] if name[:5].lower() == "pipe\\" else name
