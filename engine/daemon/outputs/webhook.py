"""Alerts to a web server: JSON by POST, signed, over HTTPS.

`X-ATP-Signature` is `sha256=` and HMAC-SHA256 (RFC 2104) of `X-ATP-Timestamp`, a dot and the body, with the
shared secret: the receiver refuses what is old, and what it had by `X-ATP-Id`. Redirects are not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from engine.daemon.outputs import Message, RefusedError, UnreachableError
from engine.daemon.outputs.secured import TIMEOUT_S, context, secret
from engine.event_json import json_line

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from dsl.record import Record

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SHORT: Final = 16
_UNWANTED: Final = frozenset({400, 406, 409, 410, 413, 414, 415, 422, 431})
"""Answers that say that this message is at fault; any other failure may pass."""


@dataclass(frozen=True, slots=True)
class _Settings:
    host: str
    port: int
    path: str
    key: bytes
    tls: ssl.SSLContext | None


def read(record: Record) -> Callable[[], Webhook] | None:
    """`to: https://hooks.corp.test/atp`, `secret_file`, `ca`, `certificate`, `key`."""
    to = record.text("to", required=True)
    shared = secret(record, "secret_file", required=True)
    made = context(record)
    if to is None or shared is None or made is None:
        return None
    if len(shared) < _SHORT:
        record.add("D0607", f"the secret has {len(shared)} characters, which can be guessed",
                   "secret_file", hint="`openssl rand -hex 32` makes one")  # fmt: skip
        return None
    try:
        url = urlsplit(to)
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme not in ("http", "https") or not url.hostname or url.username or not to.isascii():
        record.add("D0607", f"`{to}` is no address of a web server", "to",
                   hint="as in `https://hooks.corp.test/atp`")  # fmt: skip
        return None
    if url.scheme == "http" and url.hostname not in _HERE:
        record.add(
            "D0607", "alerts do not leave the machine in clear", "to", hint="write `https://…`"
        )
        return None
    secured = url.scheme == "https"
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    settings = _Settings(
        url.hostname,
        port or (443 if secured else 80),
        path,
        shared.encode(),
        made if secured else None,
    )
    return lambda: Webhook(settings)


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """What the receiver computes to know that a message is ours."""
    return "sha256=" + hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """A connection to a server, held open between messages."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self._connection: http.client.HTTPConnection | None = None
        self._agent = f"atp/{version('atp')}"

    def send(self, message: Message) -> None:
        """Delivered when the server answered with 2xx."""
        body = json_line({"id": message.id, "change": message.change, "alert": message.alert})
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "X-ATP-Id": message.id,
            "X-ATP-Timestamp": stamp,
            "X-ATP-Signature": signature(self._settings.key, stamp, body),
        }
        try:
            connection = self._open()
            connection.request("POST", self._settings.path, body, headers)
            answer = connection.getresponse()
            answer.read(65_536)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnreachableError(str(error) or type(error).__name__) from None
        if answer.will_close or not answer.isclosed():
            self.close()
        if answer.status in _UNWANTED:
            raise RefusedError(f"the server answered {answer.status}")
        if not 200 <= answer.status < 300:
            raise UnreachableError(f"the server answered {answer.status}")

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            s = self._settings
            if s.tls is None:
                self._connection = http.client.HTTPConnection(s.host, s.port, timeout=TIMEOUT_S)
            else:
                self._connection = http.client.HTTPSConnection(
                    s.host, s.port, timeout=TIMEOUT_S, context=s.tls
                )
        return self._connection
