"""Event tracing of this machine, live: one session of the providers that are mapped.

Calls advapi32 through ctypes: a session in memory (real time) is started, its providers enabled for
the events that are mapped and no others, and read until it is stopped. Nothing here has run on
Windows yet; tests hold it against libraries of the same shape. References: evntrace.h (StartTraceW,
ControlTraceW, EnableTraceEx2, OpenTraceW, ProcessTrace, EVENT_TRACE_PROPERTIES, EVENT_TRACE_LOGFILEW,
ENABLE_TRACE_PARAMETERS), evntprov.h (EVENT_FILTER_DESCRIPTOR), evntcons.h (EVENT_RECORD), 64 bits.
"""

from __future__ import annotations

import ctypes
import struct
import sys
import uuid
from ctypes import byref, c_uint32, c_uint64, c_void_p, c_wchar_p, create_string_buffer, sizeof
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from sensor.inputs.etwevent import EXT_SID, HEADER_SIZE, record_of, sid_of
from sensor.inputs.etwlayouts import MISSING, available
from sensor.inputs.interface import InterfaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.map.record import Record

PROVIDERS: Final = {
    "6ad52b32-d609-4be9-ae07-ce8dae937e39": (5, 6),  # Microsoft-Windows-RPC
    "099614a5-5dd7-4788-8bc9-e29f43db28fc": (30,),  # Microsoft-Windows-LDAP-Client
    "98e6cfcb-ee0a-41e0-a57b-622d4e1b30b1": (3,),  # Microsoft-Windows-Security-Kerberos
}
"""What is mapped: providers, and which of their events."""
ERROR_ACCESS_DENIED: Final = 5
ERROR_ALREADY_EXISTS: Final = 183
ERROR_CANCELLED: Final = 1223
ERROR_NO_SYSTEM_RESOURCES: Final = 1450
_WHY: Final = {
    ERROR_ACCESS_DENIED: "access is denied: run as a member of Performance Log Users",
    ERROR_NO_SYSTEM_RESOURCES: "too many sessions are running: stop one of `logman query -ets`",
}
_QUERY: Final = 0
_STOP: Final = 1
_ENABLE: Final = 1
_REAL_TIME: Final = 0x0000_0100
_EVENT_RECORDS: Final = 0x1000_0000
_TRACED_GUID: Final = 0x0002_0000
_CLOCK_QPC: Final = 1
_WITH_SID: Final = 1
_EVENT_IDS: Final = 0x8000_0200
_INFORMATION: Final = 4
_NONE: Final = 2**64 - 1
_NAME_ROOM: Final = 512
_BUFFER_KB: Final = 64
_BUFFERS: Final = 256
_RECORD: Final = struct.Struct("<HHQQ")
"""Of EVENT_RECORD what follows its header and BufferContext."""
_EXTRA: Final = struct.Struct("<HHHHQ")
_EXTRAS: Final = 16
_EPOCH: Final = 116_444_736_000_000_000

_Callback = ctypes.CFUNCTYPE(None, c_void_p)


class Properties(ctypes.Structure):
    """EVENT_TRACE_PROPERTIES, with room for the name of the session behind it."""

    _fields_ = (
        ("size", c_uint32), ("provider", c_uint32), ("history", c_uint64), ("time", c_uint64),
        ("guid", ctypes.c_ubyte * 16), ("clock", c_uint32), ("flags", c_uint32),
        ("buffer_kb", c_uint32), ("least", c_uint32), ("most", c_uint32), ("file_size", c_uint32),
        ("mode", c_uint32), ("flush_s", c_uint32), ("enable", c_uint32), ("age", c_uint32),
        ("buffers", c_uint32), ("free", c_uint32), ("events_lost", c_uint32), ("written", c_uint32),
        ("buffers_lost", c_uint32), ("real_time_lost", c_uint32), ("thread", c_void_p),
        ("file_at", c_uint32), ("name_at", c_uint32), ("name", ctypes.c_ubyte * _NAME_ROOM),
    )  # fmt: skip


class Logfile(ctypes.Structure):
    """EVENT_TRACE_LOGFILEW."""

    _fields_ = (
        ("file", c_wchar_p), ("session", c_wchar_p), ("time", c_uint64), ("read", c_uint32),
        ("mode", c_uint32), ("current", c_uint64 * 11), ("header", c_uint64 * 35),
        ("buffer_done", c_void_p), ("buffer_size", c_uint32), ("filled", c_uint32),
        ("events_lost", c_uint32), ("told", _Callback), ("kernel", c_uint32), ("context", c_void_p),
    )  # fmt: skip


class Filter(ctypes.Structure):
    """EVENT_FILTER_DESCRIPTOR."""

    _fields_ = (("pointer", c_uint64), ("size", c_uint32), ("kind", c_uint32))


class Parameters(ctypes.Structure):
    """ENABLE_TRACE_PARAMETERS."""

    _fields_ = (
        ("version", c_uint32), ("properties", c_uint32), ("control", c_uint32),
        ("source", ctypes.c_ubyte * 16), ("filters", c_void_p), ("filter_count", c_uint32),
    )  # fmt: skip


class Lost(NamedTuple):
    """What a session lost since its start."""

    events: int
    buffers: int


class Session(Protocol):
    """A running session."""

    def read(self, tell: Callable[[Record], None]) -> None:
        """Tell records as they come; returns when the session is stopped, by whom ever. Raises
        InterfaceError.
        """

    def lost(self) -> Lost:
        """What was lost because nobody read in time. Raises InterfaceError when it is gone."""

    def stop(self) -> None:
        """`read` returns; nothing is left behind."""


class TraceApi(Protocol):
    """What live reading needs of Windows."""

    def start(self, name: str) -> Session:
        """A session of that name; one that an earlier run left is stopped. Raises InterfaceError."""


class Advapi:
    """Event tracing of this machine; `library` is advapi32."""

    def __init__(self, library: Any) -> None:
        self.library = library
        library.OpenTraceW.restype = c_uint64

    def start(self, name: str) -> Session:
        """See TraceApi."""
        return _Session(self.library, name)


class _Session:
    def __init__(self, library: Any, name: str) -> None:
        self._library, self._name, self._handle = library, name, c_uint64()
        self._tell: Callable[[Record], None] | None = None
        self._told = _Callback(self._event)
        code = self._begin()
        if code == ERROR_ALREADY_EXISTS:
            self._control(_STOP)
            code = self._begin()
        self._check(code, "StartTraceW")
        try:
            for guid, numbers in PROVIDERS.items():
                self._enable(uuid.UUID(guid), numbers)
        except InterfaceError:
            self.stop()
            raise

    def read(self, tell: Callable[[Record], None]) -> None:
        self._tell = tell
        logfile = Logfile(session=self._name, mode=_REAL_TIME | _EVENT_RECORDS, told=self._told)
        opened = int(self._library.OpenTraceW(byref(logfile)))
        if opened == _NONE:
            raise InterfaceError(f"the session {self._name} cannot be read")
        try:
            handle = c_uint64(opened)
            code = int(self._library.ProcessTrace(byref(handle), 1, None, None))
        finally:
            self._library.CloseTrace(c_uint64(opened))
        if code != ERROR_CANCELLED:
            self._check(code, "ProcessTrace")

    def lost(self) -> Lost:
        code, found = self._control(_QUERY)
        self._check(code, "ControlTraceW")
        return Lost(found.events_lost, found.buffers_lost + found.real_time_lost)

    def stop(self) -> None:
        self._control(_STOP)

    def _begin(self) -> int:
        asked = _properties()
        return int(self._library.StartTraceW(byref(self._handle), self._name, byref(asked)))

    def _control(self, what: int) -> tuple[int, Properties]:
        found = _properties()
        code = self._library.ControlTraceW(c_uint64(0), self._name, byref(found), what)
        return int(code), found

    def _enable(self, guid: uuid.UUID, numbers: tuple[int, ...]) -> None:
        """All keywords, up to information, with the user's SID; only these numbers."""
        wanted = struct.pack(f"<BBH{len(numbers)}H", 1, 0, len(numbers), *numbers)
        buffer = create_string_buffer(wanted, len(wanted))
        chosen = Filter(ctypes.addressof(buffer), len(wanted), _EVENT_IDS)
        asked = Parameters(version=2, properties=_WITH_SID, filter_count=1)
        asked.filters = ctypes.addressof(chosen)
        provider = (ctypes.c_ubyte * 16).from_buffer_copy(guid.bytes_le)
        code = self._library.EnableTraceEx2(
            self._handle, byref(provider), _ENABLE, _INFORMATION, c_uint64(0), c_uint64(0), 0, byref(asked)
        )  # fmt: skip
        self._check(int(code), "EnableTraceEx2")

    def _event(self, pointer: int) -> None:
        """Called by Windows for each event: nothing may be raised into it."""
        try:
            record = _record(pointer)
        except (struct.error, ValueError, IndexError, OverflowError):
            return
        if self._tell is not None:
            self._tell(record)

    def _check(self, code: int, what: str) -> None:
        if code:
            why = _WHY.get(code, f"error {code} of {what}")
            raise InterfaceError(f"events of this machine cannot be traced: {why}")


def _properties() -> Properties:
    made = Properties(size=sizeof(Properties), clock=_CLOCK_QPC, flags=_TRACED_GUID)
    made.buffer_kb, made.least, made.most = _BUFFER_KB, _BUFFERS // 8, _BUFFERS
    made.mode, made.flush_s = _REAL_TIME, 1
    made.name_at = Properties.name.offset
    return made


def _record(pointer: int) -> Record:
    """The record of an EVENT_RECORD, whose time is a FILETIME."""
    header = ctypes.string_at(pointer, HEADER_SIZE)
    count, size, extras, data = _RECORD.unpack(ctypes.string_at(pointer + HEADER_SIZE + 4, 20))
    (ticks,) = struct.unpack_from("<q", header, 16)
    sid = None
    for number in range(min(count, _EXTRAS)):
        _, kind, _, length, place = _EXTRA.unpack(ctypes.string_at(extras + 16 * number, 16))
        if kind == EXT_SID:
            sid = sid_of(ctypes.string_at(place, length))
    body = ctypes.string_at(data, size) if size else b""
    return record_of(header, (ticks - _EPOCH) // 10, sid, body, whole=False)


def tracing() -> TraceApi:
    """Event tracing of this machine. Raises InterfaceError where there is none."""
    if sys.platform != "win32":
        raise InterfaceError("events are traced live on Windows only")
    if sizeof(c_void_p) != 8:
        raise InterfaceError("events are traced live by a Python of 64 bits only")
    if not available():
        raise InterfaceError(MISSING)
    return Advapi(ctypes.WinDLL("advapi32"))
