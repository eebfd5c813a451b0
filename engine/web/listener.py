"""The one HTTPS listener of the engine: uvicorn in a thread, told who its clients are.

uvicorn does not hand the client's certificate to the application, so its protocol is extended by
that: the fingerprint stands in `scope["extensions"]["tls"]["client_fingerprint"]`, "" where the
client showed none. A certificate that is shown must be of the instance's authority and in force, or
the handshake fails. Reference: the TLS extension of ASGI.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Final, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.instance.authority import fingerprint

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from engine.instance.authority import Authority

_BACKLOG: Final = 512
_MOST_CONNECTIONS: Final = 1_000
_START_S: Final = 10.0


class ListenError(Exception):
    """The port cannot be opened, or the certificates cannot be used; says why."""


class _Protocol(H11Protocol):
    """Wraps the application of each connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        shown, app = "" if der is None else fingerprint(der), self.app

        async def told(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})["tls"] = {"client_fingerprint": shown}
            await app(scope, receive, send)

        self.app = told


def client_fingerprint(request: Request) -> str:
    """Of the certificate that the client showed; "" where it showed none."""
    extensions = request.scope.get("extensions", {})
    return str(extensions.get("tls", {}).get("client_fingerprint", ""))


def open_port(host: str, port: int) -> socket.socket:
    """A listening socket; all addresses where `host` is empty. Raises ListenError."""
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    try:
        taken = socket.socket(family, socket.SOCK_STREAM)
    except OSError:  # a system without IPv6
        family, taken = socket.AF_INET, socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and not host:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        taken.bind((host, port))
        taken.listen(_BACKLOG)
    except OSError as error:
        taken.close()
        raise ListenError(f"{host or '*'}:{port}: {error.strerror}") from error
    return taken


class Listener:
    """Serves an application on an open port in a thread of its own, until `close`."""

    def __init__(self, app: ASGIApp, port: socket.socket, authority: Authority) -> None:
        """Raises ListenError."""
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._port = port
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            ssl_certfile=authority.server_certificate,
            ssl_keyfile=authority.server_key,
            ssl_ca_certs=str(authority.certificate_path),
            ssl_cert_reqs=ssl.CERT_OPTIONAL,
        )
        try:
            config.load()
        except (OSError, ValueError) as error:
            raise ListenError(f"the certificates cannot be used: {error}") from error
        assert config.ssl is not None  # noqa: S101 - certificates were given
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="https", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    @property
    def fault(self) -> str:
        """Why it answers no more, if it does not."""
        started = self._thread.ident is not None
        ended = started and not self._thread.is_alive() and not self._server.should_exit
        return "the listener has ended" if ended else ""

    def close(self) -> None:
        """Answer what has been asked, and nothing more."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._port.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._port])
