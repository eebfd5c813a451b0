"""Alerts by syslog: RFC 5424 or 3164 over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).

A message over TCP counts as delivered once the receiver's system has acknowledged all of its bytes and
has not closed: syslog has no answer of its own. Over UDP nobody knows.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import ssl
import struct
import termios
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from engine.daemon.outputs import Message, UnreachableError
from engine.daemon.outputs.secured import TIMEOUT_S, context
from engine.sinks import formats
from engine.sinks.formats import cef_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.record import Record

_PORTS: Final = {"udp": 514, "tcp": 514, "tls": 6514}
_AUTH: Final = 4
_LEVEL: Final = {"high": 3, "medium": 4, "low": 4, "informational": 5}
_DATAGRAM: Final = 65_000
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_MESSAGE_ID: Final = 32


@dataclass(frozen=True, slots=True)
class _Settings:
    way: str
    host: str
    port: int
    form: str
    header: str
    counted: bool
    tls: ssl.SSLContext | None


def read(record: Record) -> Callable[[], Syslog] | None:
    """`to: tls:siem.corp.test:6514`, `format`, `header`, `framing`, and for TLS `ca`, `certificate`, `key`."""
    to = record.text("to", required=True)
    form = record.word("format", formats.names()) or "cef"
    header = record.word("header", ("rfc5424", "rfc3164")) or "rfc5424"
    framing = record.word("framing", ("octets", "lines"))
    way, _, place = (to or "").partition(":")
    if to is not None and way not in _PORTS:
        record.add("D0607", f"`{to}` is no receiver of syslog", "to",
                   hint="write `udp:10.0.0.1`, `tcp:siem:1514` or `tls:siem.corp.test`")  # fmt: skip
        return None
    tls = context(record) if way == "tls" else None
    if to is None or (way == "tls" and tls is None):
        return None
    host, port = _place(place)
    if not host or (port is not None and not 0 < port < 65_536):
        record.add(
            "D0607", f"`{place}` is no host and port", "to", hint="as in `siem.corp.test:6514`"
        )
        return None
    settings = _Settings(way, host, port or _PORTS[way], form, header, framing != "lines", tls)
    return lambda: Syslog(settings)


class Syslog:
    """A connection to a receiver, opened with the first message and again when it was lost."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self._release = version("atp")
        self._host = _visible(socket.gethostname())

    def send(self, message: Message) -> None:
        """One message; see the module for what delivered means."""
        line = self._line(message)
        try:
            if self._settings.way == "udp":
                self._datagram(line)
            else:
                self._stream(line)
        except (OSError, ssl.SSLError) as error:
            self.close()
            raise UnreachableError(str(error)) from None

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def _line(self, message: Message) -> bytes:
        alert, settings = message.alert, self._settings
        text = formats.forms()[settings.form](message.change, alert, self._release)
        pri = _AUTH * 8 + _LEVEL.get(str(alert["severity"]), 4)
        when = datetime.fromtimestamp(message.ts / 1_000_000, UTC)
        if settings.header == "rfc3164":
            stamp = f"{_MONTHS[when.month - 1]} {when.day:2} {when:%H:%M:%S}"
            return f"<{pri}>{stamp} {self._host} atp[{os.getpid()}]: ".encode() + text
        product = settings.form == "cef_product"
        name = cef_product.class_of(alert) if product else str(alert["detection"])
        app = "CEF" if product else "atp"
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        head = (
            f"<{pri}>1 {stamp} {self._host} {app} {os.getpid()} {_visible(name)[:_MESSAGE_ID]} - "
        )
        return head.encode() + text

    def _datagram(self, line: bytes) -> None:
        if self._socket is None:
            found = socket.getaddrinfo(
                self._settings.host, self._settings.port, type=socket.SOCK_DGRAM
            )
            family, kind, protocol, _, address = found[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(address)
        cut = line[:_DATAGRAM].decode(errors="ignore").encode()
        self._socket.send(cut)

    def _stream(self, line: bytes) -> None:
        if self._socket is None:
            self._socket = self._connected()
        if self._settings.counted:
            framed = b"%d %s" % (len(line), line)
        else:
            framed = line.replace(b"\n", b" ") + b"\n"
        self._socket.sendall(framed)
        self._acknowledged(self._socket)

    def _connected(self) -> socket.socket:
        settings = self._settings
        plain = socket.create_connection((settings.host, settings.port), TIMEOUT_S)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if settings.tls is None:
            return plain
        try:
            return settings.tls.wrap_socket(plain, server_hostname=settings.host)
        except BaseException:
            plain.close()
            raise

    def _acknowledged(self, connection: socket.socket) -> None:
        """Wait until the other system has all bytes; raises OSError where it closed or does not answer."""
        end = time.monotonic() + TIMEOUT_S
        pause = 0.0005
        while True:
            self._open_still(connection)
            if not hasattr(termios, "TIOCOUTQ"):
                return
            held = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4)
            if struct.unpack("i", held)[0] == 0:
                return
            if time.monotonic() > end:
                raise TimeoutError("the receiver does not acknowledge")
            time.sleep(pause)
            pause = min(pause * 2, 0.05)

    @staticmethod
    def _open_still(connection: socket.socket) -> None:
        connection.settimeout(0)
        try:
            if not connection.recv(4096):
                raise ConnectionResetError("the receiver closed the connection")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            connection.settimeout(TIMEOUT_S)


def _place(text: str) -> tuple[str, int | None]:
    """Host and port of `host:port`, `[::1]:514` or either without the port; ("", None) for neither."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if port and not port.isdecimal():
        return "", None
    return host, int(port) if port else None


def _visible(text: str) -> str:
    """As fields of the header may be: printable ASCII without blanks."""
    return "".join(c if "!" <= c <= "~" else "_" for c in text) or "-"
