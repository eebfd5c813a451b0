"""HTTPS to the engine, directly or through a proxy, on one connection that is kept.

The engine is known by its instance's own authority and not by its name, so addresses may change:
only the instance's key signs certificates of servers. Proxies tunnel (CONNECT) and see nothing.
References: RFC 9110 §9.3.6; PEP 476.
"""

from __future__ import annotations

import base64
import http.client
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT_S: Final = 60.0
_MOST_ANSWER: Final = 4 << 20
_PORT: Final = 8443


class LinkError(Exception):
    """The engine was not reached, or did not answer; says why."""


class Link:
    """A way to the engine at an URL. `proxy`: an URL too; None: as the system says
    (HTTPS_PROXY and NO_PROXY, on Windows else the settings of the Internet); "": none.
    """

    def __init__(self, engine: str, context: ssl.SSLContext, proxy: str | None = None) -> None:
        """Raises LinkError where an URL is none."""
        self._context = context
        self._host, self._port = _ends(engine, "https", _PORT)
        if proxy is None:
            proxy = "" if proxy_bypass(self._host) else getproxies().get("https", "")
        self._proxy = proxy
        self._connection: http.client.HTTPSConnection | None = None

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises LinkError; the next call connects anew."""
        try:
            connection = self._connection or self._connect()
            self._connection = connection
            connection.request("POST", path, body, dict(headers or {}))
            answer = connection.getresponse()
            data = answer.read(_MOST_ANSWER)
            if answer.will_close or not answer.isclosed():
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LinkError(_why(error)) from error
        return answer.status, data

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPSConnection:
        if not self._proxy:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=_TIMEOUT_S, context=self._context
            )
        host, port = _ends(self._proxy, "http", 8080)
        connection = http.client.HTTPSConnection(
            host, port, timeout=_TIMEOUT_S, context=self._context
        )
        connection.set_tunnel(self._host, self._port, _authorization(self._proxy))
        return connection


def trusting(ca: Path, certificate: Path) -> ssl.SSLContext:
    """TLS with a certificate of one's own (its key in the same file) to who has one of this authority. Raises LinkError."""
    try:
        context = _context(ca.read_text(encoding="ascii"))
        context.load_cert_chain(certificate)
    except (OSError, ValueError) as error:
        raise LinkError(f"the identity cannot be used: {_why(error)}") from error
    return context


def trusting_text(ca: str) -> ssl.SSLContext:
    """TLS without a certificate of one's own. Raises LinkError."""
    try:
        return _context(ca)
    except (OSError, ValueError) as error:
        raise LinkError(f"this is no certificate: {_why(error)}") from error


def trusting_anyone() -> ssl.SSLContext:
    """TLS that proves nothing: for what is checked by its fingerprint afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _context(ca: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # the authority is this instance's alone
    context.load_verify_locations(cadata=ca)
    return context


def _ends(url: str, scheme: str, port: int) -> tuple[str, int]:
    parts = urlsplit(url if "//" in url else f"{scheme}://{url}")
    try:
        found = parts.hostname, parts.port or port
    except ValueError as error:
        raise LinkError(f"`{url}` is no address: {error}") from error
    if parts.scheme != scheme or not found[0]:
        raise LinkError(f"`{parts.hostname or url}` is no address as in `{scheme}://host:{port}`")
    return found[0], found[1]


def _authorization(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
    if not parts.username:
        return {}
    account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(account.encode()).decode()}"}


def _why(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}".lower().replace("_", " ")
    text = getattr(error, "strerror", None) or str(error)
    return str(text) or type(error).__name__
