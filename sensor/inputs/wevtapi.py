"""Windows Event Log, live: subscriptions to channels of this machine, records as XML.

Calls wevtapi.dll through ctypes: pull subscriptions, whose next records are asked for. Nothing here
has run on Windows yet; tests hold it against libraries of the same shape. Knows no event.
Reference: winevt.h (EvtSubscribe, EvtNext, EvtRender, EvtCreateBookmark, EvtUpdateBookmark).
"""

from __future__ import annotations

import ctypes
import re
import sys
from ctypes import byref, c_uint32, c_void_p, create_string_buffer
from typing import Any, Final, NamedTuple, Protocol

from sensor.inputs.interface import InterfaceError

START_AT_OLDEST: Final = 2
START_AFTER_BOOKMARK: Final = 3
RENDER_XML: Final = 1
RENDER_BOOKMARK: Final = 2
ERROR_ACCESS_DENIED: Final = 5
ERROR_INSUFFICIENT_BUFFER: Final = 122
ERROR_NO_MORE_ITEMS: Final = 259
ERROR_TIMEOUT: Final = 1460
ERROR_CHANNEL_NOT_FOUND: Final = 15007
_WHY: Final = {
    ERROR_ACCESS_DENIED: "access is denied: run as a member of Event Log Readers",
    ERROR_CHANNEL_NOT_FOUND: "this machine has no such channel",
}
_NUMBER: Final = re.compile(r"\bRecordId=[\"'](\d{1,19})[\"']")
_AT_ONCE: Final = 64
_BUFFER: Final = 1 << 16
_SIGNALLED: Final = 0


class Written(NamedTuple):
    """A record as XML, and its number in the channel it was read from."""

    number: int
    xml: str


class Subscription(Protocol):
    """The records of one channel, from a place on."""

    def wait(self, seconds: float) -> bool:
        """Whether records came within that time."""

    def following(self) -> list[Written]:
        """The next records; none where no more are there now. Raises InterfaceError."""

    def close(self) -> None:
        """Free everything."""


class EventLogApi(Protocol):
    """What live reading needs of Windows."""

    def subscribe(self, channel: str, after: int) -> Subscription:
        """Records of a channel after that number, 0: from the oldest on. Raises InterfaceError."""


class Wevtapi:
    """The event log of this machine. `evt` and `kernel` are wevtapi and kernel32, `last_error` gives
    the last error of a call of theirs in this thread.
    """

    def __init__(self, evt: Any, kernel: Any, last_error: Any) -> None:
        self.evt, self.kernel, self.last_error = evt, kernel, last_error
        for function in (evt.EvtSubscribe, evt.EvtCreateBookmark, kernel.CreateEventW):
            function.restype = c_void_p

    def subscribe(self, channel: str, after: int) -> Subscription:
        """See EventLogApi."""
        return _Subscription(self, channel, after)

    def error(self, channel: str, what: str) -> InterfaceError:
        """The last error, for people."""
        number = int(self.last_error())
        why = _WHY.get(number, f"error {number} of {what}")
        return InterfaceError(f"the Windows log {channel} cannot be read: {why}")


class _Subscription:
    def __init__(self, api: Wevtapi, channel: str, after: int) -> None:
        self._api, self._channel = api, channel
        self._handle: c_void_p | None = None
        # set by hand, and set now: what is there already is asked for first
        self._signal = c_void_p(api.kernel.CreateEventW(None, 1, 1, None))
        xml = f"<BookmarkList><Bookmark Channel='{channel}' RecordId='{after}' IsCurrent='true'/></BookmarkList>"
        self._bookmark = c_void_p(api.evt.EvtCreateBookmark(xml if after else None))
        if not self._bookmark.value:
            raise self._failed("EvtCreateBookmark")
        flags = START_AFTER_BOOKMARK if after else START_AT_OLDEST
        handle = api.evt.EvtSubscribe(
            None, self._signal, channel, None, self._bookmark if after else None, None, None, flags
        )
        if not handle:
            raise self._failed("EvtSubscribe")
        self._handle = c_void_p(handle)

    def wait(self, seconds: float) -> bool:
        kernel = self._api.kernel
        return int(kernel.WaitForSingleObject(self._signal, int(seconds * 1000))) == _SIGNALLED

    def following(self) -> list[Written]:
        api = self._api
        events, count = (c_void_p * _AT_ONCE)(), c_uint32()
        # cleared before the asking: what comes after it sets it again
        api.kernel.ResetEvent(self._signal)
        if not api.evt.EvtNext(self._handle, _AT_ONCE, events, 0, 0, byref(count)):
            if int(api.last_error()) in (ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT):
                return []
            raise self._error("EvtNext")
        api.kernel.SetEvent(self._signal)  # there may be more
        try:
            return [self._written(c_void_p(event)) for event in events[: count.value]]
        finally:
            for event in events[: count.value]:
                api.evt.EvtClose(c_void_p(event))

    def close(self) -> None:
        for handle in (self._handle, self._bookmark):
            if handle is not None and handle.value:
                self._api.evt.EvtClose(handle)
        self._api.kernel.CloseHandle(self._signal)
        self._handle = None
        self._bookmark = self._signal = c_void_p()

    def _written(self, event: c_void_p) -> Written:
        if not self._api.evt.EvtUpdateBookmark(self._bookmark, event):
            raise self._error("EvtUpdateBookmark")
        found = _NUMBER.search(self._rendered(self._bookmark, RENDER_BOOKMARK))
        return Written(int(found[1]) if found else 0, self._rendered(event, RENDER_XML))

    def _rendered(self, handle: c_void_p, how: int) -> str:
        used, properties, size = c_uint32(), c_uint32(), _BUFFER
        for _ in range(2):
            buffer = create_string_buffer(size)
            sizes = byref(used), byref(properties)
            if self._api.evt.EvtRender(None, handle, how, size, buffer, *sizes):
                return buffer.raw[: used.value].decode("utf-16-le", "replace").rstrip("\0")
            if int(self._api.last_error()) != ERROR_INSUFFICIENT_BUFFER:
                break
            size = used.value
        raise self._error("EvtRender")

    def _error(self, what: str) -> InterfaceError:
        return self._api.error(self._channel, what)

    def _failed(self, what: str) -> InterfaceError:
        """The error of the beginning; what was begun is freed."""
        error = self._error(what)
        self.close()
        return error


def event_log() -> EventLogApi:
    """The event log of this machine. Raises InterfaceError where it is not Windows."""
    if sys.platform != "win32":
        raise InterfaceError("Windows logs are read live on Windows only")
    load = ctypes.WinDLL
    evt, kernel = load("wevtapi", use_last_error=True), load("kernel32", use_last_error=True)
    return Wevtapi(evt, kernel, ctypes.get_last_error)
