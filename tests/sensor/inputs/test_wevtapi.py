"""The calls of the Windows event log, against libraries of the same shape."""

from __future__ import annotations

import ctypes
import sys

import pytest

from sensor.inputs import wevtapi
from sensor.inputs.interface import InterfaceError
from sensor.inputs.wevtapi import Wevtapi, Written, event_log


class Function:
    """A function of a library: callable, with a result type."""

    def __init__(self, function):
        self.function, self.restype = function, None

    def __call__(self, *args):
        return self.function(*args)


def value(handle):
    return getattr(handle, "value", handle)


class Windows:
    """wevtapi and kernel32 at once: a channel with records, numbered from 1."""

    def __init__(self, texts, channel="Security"):
        self.texts, self.channel, self.code = texts, channel, 0
        self.handles, self.open, self.set = {}, set(), False
        for name in dir(type(self)):
            if name[0].isupper():
                setattr(self, name, Function(getattr(self, name)))

    def handle(self, what):
        number = len(self.handles) + 1000
        self.handles[number] = what
        self.open.add(number)
        return number

    def fail(self, code):
        self.code = code
        return 0

    # kernel32

    def CreateEventW(self, security, manual, initial, name):  # noqa: N802
        assert (security, manual, name) == (None, 1, None)
        self.set = bool(initial)
        return self.handle("signal")

    def SetEvent(self, _signal):  # noqa: N802
        self.set = True
        return 1

    def ResetEvent(self, _signal):  # noqa: N802
        self.set = False
        return 1

    def WaitForSingleObject(self, signal, _milliseconds):  # noqa: N802
        assert self.handles[value(signal)] == "signal"
        return 0 if self.set else 258

    def CloseHandle(self, handle):  # noqa: N802
        self.open.remove(value(handle))
        return 1

    # wevtapi

    def EvtCreateBookmark(self, xml):  # noqa: N802
        number = int(xml.partition("RecordId='")[2].partition("'")[0]) if xml else 0
        return self.handle(["bookmark", number])

    def EvtSubscribe(self, session, signal, channel, query, bookmark, context, callback, flags):  # noqa: N802
        assert (session, query, context, callback) == (None, None, None, None)
        assert self.handles[value(signal)] == "signal"
        if channel != self.channel:
            return self.fail(wevtapi.ERROR_CHANNEL_NOT_FOUND)
        assert flags == (wevtapi.START_AFTER_BOOKMARK if bookmark else wevtapi.START_AT_OLDEST)
        at = self.handles[value(bookmark)][1] if bookmark else 0
        return self.handle(["subscription", at])

    def EvtNext(self, subscription, size, events, timeout, flags, count):  # noqa: N802
        assert (timeout, flags) == (0, 0)
        state = self.handles[value(subscription)]
        found = range(state[1] + 1, min(state[1] + size, len(self.texts)) + 1)
        if not found:
            return self.fail(wevtapi.ERROR_NO_MORE_ITEMS)
        for place, number in enumerate(found):
            events[place] = self.handle(("event", number))
        state[1] = found[-1]
        count._obj.value = len(found)
        return 1

    def EvtUpdateBookmark(self, bookmark, event):  # noqa: N802
        self.handles[value(bookmark)][1] = self.handles[value(event)][1]
        return 1

    def EvtRender(self, context, handle, how, size, buffer, used, count):  # noqa: N802
        assert context is None
        kind, number = self.handles[value(handle)]
        if how == wevtapi.RENDER_BOOKMARK:
            assert kind == "bookmark"
            text = f"<BookmarkList>\r\n  <Bookmark Channel='Security' RecordId='{number}' IsCurrent='true'/></BookmarkList>"
        else:
            assert (kind, how) == ("event", wevtapi.RENDER_XML)
            text = self.texts[number - 1]
        data = text.encode("utf-16-le") + b"\0\0"
        used._obj.value, count._obj.value = len(data), 0
        if len(data) > size:
            return self.fail(wevtapi.ERROR_INSUFFICIENT_BUFFER)
        ctypes.memmove(buffer, data, len(data))
        return 1

    def EvtClose(self, handle):  # noqa: N802
        self.open.remove(value(handle))
        return 1


def api(windows):
    return Wevtapi(windows, windows, lambda: windows.code)


TEXTS = [f"<Event>{n} ä</Event>" for n in range(1, 101)]


@pytest.mark.parametrize("after", [0, 1, 70, 100])
def test_records_after_a_number(after):
    windows = Windows(TEXTS)
    subscription = api(windows).subscribe("Security", after)
    found = []
    while subscription.wait(0.0):
        found += subscription.following()
    assert found == [Written(n, TEXTS[n - 1]) for n in range(after + 1, 101)]
    windows.texts = [*TEXTS, "<Event>new</Event>"]
    windows.set = True
    assert subscription.wait(0.0)
    assert subscription.following() == [Written(101, "<Event>new</Event>")]
    assert len(windows.open) == 3
    subscription.close()
    assert not windows.open


def test_a_large_record():
    text = f"<Event>{'x' * 100_000}</Event>"
    assert api(Windows([text])).subscribe("Security", 0).following() == [Written(1, text)]


def test_what_windows_refuses():
    windows = Windows(TEXTS)
    with pytest.raises(InterfaceError, match="Nowhere cannot be read: this machine has no such"):
        api(windows).subscribe("Nowhere", 0)
    assert not windows.open
    subscription = api(windows).subscribe("Security", 0)
    windows.EvtNext.function = lambda *_: windows.fail(wevtapi.ERROR_ACCESS_DENIED)
    with pytest.raises(InterfaceError, match="Event Log Readers"):
        subscription.following()
    windows.EvtNext.function = lambda *_: windows.fail(1717)
    with pytest.raises(InterfaceError, match="error 1717 of EvtNext"):
        subscription.following()


def test_events_are_freed_when_one_cannot_be_rendered():
    windows = Windows(TEXTS)
    subscription = api(windows).subscribe("Security", 0)
    windows.EvtRender.function = lambda *_: windows.fail(13)
    with pytest.raises(InterfaceError, match="error 13 of EvtRender"):
        subscription.following()
    assert len(windows.open) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="elsewhere than on Windows")
def test_elsewhere():
    with pytest.raises(InterfaceError, match="on Windows only"):
        event_log()
