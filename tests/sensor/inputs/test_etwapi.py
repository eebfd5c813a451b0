"""The calls of event tracing, against a library of the same shape."""

from __future__ import annotations

import ctypes
import struct
import sys
import uuid

import etlfile
import pytest
from etlfile import DRSUAPI, LDAP, RPC

from sensor.inputs import etwapi
from sensor.inputs.etwapi import Advapi, Filter, Logfile, Lost, Parameters, Properties, tracing
from sensor.inputs.etwlayouts import provider_name
from sensor.inputs.interface import InterfaceError
from sensor.map.windows import mappings

ADD = etlfile.rpc_call(DRSUAPI, 5, 1, "10.0.0.9", "49667")
FIND = etlfile.search(2, "(objectClass=user)", "DC=corp,DC=test", "")
EVE = etlfile.sid(21, 101, 202, 303, 1140)
NOW = 1_740_992_400_000_000


class Function:
    """A function of a library: callable, with a result type."""

    def __init__(self, function):
        self.function, self.restype = function, None

    def __call__(self, *args):
        return self.function(*args)


class Windows:
    """advapi32: sessions by name; what `ProcessTrace` tells is in `events`."""

    def __init__(self, running=()):
        self.running, self.enabled, self.opened, self.closed = set(running), {}, None, 0
        self.events, self.kept, self.refuses = [], [], {}
        for name in dir(type(self)):
            if name[0].isupper():
                setattr(self, name, Function(getattr(self, name)))

    def StartTraceW(self, handle, name, properties):  # noqa: N802
        asked = properties._obj
        assert asked.size == ctypes.sizeof(Properties)
        assert asked.name_at == 120
        assert (asked.mode, asked.flags, asked.file_at) == (0x100, 0x20000, 0)
        if name in self.running:
            return etwapi.ERROR_ALREADY_EXISTS
        if "start" in self.refuses:
            return self.refuses["start"]
        self.running.add(name)
        handle._obj.value = 77
        return 0

    def ControlTraceW(self, handle, name, properties, what):  # noqa: N802
        assert handle.value == 0
        if name not in self.running:
            return 4201
        if what == 1:
            self.running.remove(name)
        found = properties._obj
        found.events_lost, found.buffers_lost, found.real_time_lost = 5, 1, 2
        return 0

    def EnableTraceEx2(self, handle, guid, code, level, any_, all_, timeout, parameters):  # noqa: N802
        assert (handle.value, code, level, timeout) == (77, 1, 4, 0)
        assert (any_.value, all_.value) == (0, 0)
        asked = parameters._obj
        assert (asked.version, asked.properties, asked.filter_count) == (2, 1, 1)
        chosen = Filter.from_address(asked.filters)
        assert chosen.kind == 0x80000200
        raw = ctypes.string_at(chosen.pointer, chosen.size)
        inside, _, count = struct.unpack_from("<BBH", raw)
        assert inside == 1
        numbers = struct.unpack_from(f"<{count}H", raw, 4)
        self.enabled[str(uuid.UUID(bytes_le=bytes(guid._obj)))] = numbers
        return self.refuses.get("enable", 0)

    def OpenTraceW(self, logfile):  # noqa: N802
        found = logfile._obj
        assert found.session in self.running
        assert found.mode == 0x10000100
        self.opened = found.told
        return self.refuses.get("open", 88)

    def ProcessTrace(self, handles, count, begin, end):  # noqa: N802
        assert (handles._obj.value, count, begin, end) == (88, 1, None, None)
        for event in self.events:
            self.opened(self.record(*event))
        return self.refuses.get("process", 0)

    def CloseTrace(self, handle):  # noqa: N802
        assert handle.value == 88
        self.closed += 1
        return 0

    def record(self, provider, number, version, data, user=b""):
        """An EVENT_RECORD in memory."""
        body, sid = ctypes.create_string_buffer(data), ctypes.create_string_buffer(user)
        extra = struct.pack("<HHHHQ", 0, 2, 0, len(user), ctypes.addressof(sid))
        extras = ctypes.create_string_buffer(extra)
        ticks = NOW * 10 + etlfile.EPOCH_FILETIME
        head = struct.pack(
            "<HHHHIIq16sHBBBBHQQ16sI", 200, 0, 0x40, 0, 11, 22, ticks,
            uuid.UUID(provider).bytes_le, number, version, 0, 4, 1, 2, 1 << 63, 0, bytes(16), 0,
        )  # fmt: skip
        head += struct.pack(
            "<HHQQQ", bool(user), len(data), ctypes.addressof(extras), ctypes.addressof(body), 0
        )
        made = ctypes.create_string_buffer(head)
        self.kept += [body, sid, extras, made]
        return ctypes.addressof(made)


def test_the_structures_are_those_of_windows():
    """Sizes and places on 64 bits (evntrace.h)."""
    assert Properties.name.offset == 120
    assert (Properties.events_lost.offset, Properties.thread.offset) == (88, 104)
    assert (Logfile.header.offset, Logfile.told.offset, ctypes.sizeof(Logfile)) == (120, 424, 448)
    assert (Parameters.filters.offset, ctypes.sizeof(Parameters)) == (32, 48)
    assert ctypes.sizeof(Filter) == 16


def test_a_session():
    windows = Windows()
    session = Advapi(windows).start("atp")
    assert windows.enabled == etwapi.PROVIDERS
    windows.events = [(RPC, 6, 1, ADD), (LDAP, 30, 0, FIND, EVE), (RPC, 6, 1, ADD[:20])]
    found = []
    session.read(found.append)
    assert [(r.provider, r.event_id, r.ts) for r in found] == [
        ("Microsoft-Windows-RPC", 6, NOW),
        ("Microsoft-Windows-LDAP-Client", 30, NOW),
        ("Microsoft-Windows-RPC", 6, NOW),
    ]
    assert found[0].data["NetworkAddress"] == "10.0.0.9"
    assert [r.user_sid for r in found] == [None, "S-1-5-21-101-202-303-1140", None]
    assert {r.via for r in found} == {"etw"}
    assert windows.closed == 1
    assert session.lost() == Lost(5, 3)
    session.stop()
    assert not windows.running
    with pytest.raises(InterfaceError, match="error 4201 of ControlTraceW"):
        session.lost()


def test_one_that_was_left_is_taken_over():
    windows = Windows(running=["atp", "other"])
    Advapi(windows).start("atp")
    assert windows.running == {"atp", "other"}
    assert windows.enabled


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("start", etwapi.ERROR_ACCESS_DENIED, "Performance Log Users"),
        ("start", etwapi.ERROR_NO_SYSTEM_RESOURCES, "too many sessions"),
        ("enable", 87, "error 87 of EnableTraceEx2"),
        ("open", 2**64 - 1, "cannot be read"),
        ("process", 161, "error 161 of ProcessTrace"),
    ],
)
def test_what_windows_refuses(call, code, words):
    windows = Windows()
    windows.refuses[call] = code
    with pytest.raises(InterfaceError, match=words):
        Advapi(windows).start("atp").read(lambda _: None)
    assert windows.running == ({"atp"} if call in {"open", "process"} else set())


def test_only_what_is_mapped_is_asked_for():
    for guid, numbers in etwapi.PROVIDERS.items():
        assert {(provider_name(uuid.UUID(guid)), n) for n in numbers} <= set(mappings())


@pytest.mark.skipif(sys.platform == "win32", reason="elsewhere than on Windows")
def test_elsewhere():
    with pytest.raises(InterfaceError, match="on Windows only"):
        tracing()
