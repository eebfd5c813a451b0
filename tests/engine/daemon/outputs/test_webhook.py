"""Webhooks: what a server gets, how it knows that it is ours, and what its answers mean."""

import http.server
import json
import ssl
import threading
import time

import pytest

from engine.daemon.outputs import RefusedError, UnreachableError
from engine.daemon.outputs.webhook import signature


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers, body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.fixture
def server(certificate):
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.got, made.status = [], 200
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    made.handle_error = lambda *_: None
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(5)


@pytest.fixture
def hook(sender, server, secret, certificate):
    to = f"https://localhost:{server.server_port}/atp?x=1"
    return sender("webhook", to=to, secret_file=secret, ca=certificate[0])


def test_signed(hook, server, message):
    hook.send(message("d.1"))
    hook.send(message("d.2"))
    (path, headers, body), _ = server.got
    assert path == "/atp?x=1"
    stamp = headers["X-ATP-Timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    assert headers["X-ATP-Signature"] == signature(b"correct horse battery staple", stamp, body)
    assert headers["X-ATP-Signature"] != signature(b"another", stamp, body)
    told = json.loads(body)
    assert (told["id"], told["change"], told["alert"]["severity"]) == ("d.1", "opened", "high")
    assert headers["X-ATP-Id"] == "d.1"


def test_the_signature_is_that_of_others():
    """As `openssl dgst -sha256 -hmac key` computes it."""
    assert signature(b"key", "1", b"{}") == (
        "sha256=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, UnreachableError), (400, RefusedError), (401, UnreachableError), (404, UnreachableError),
        (413, RefusedError), (429, UnreachableError), (500, UnreachableError),
    ],
)  # fmt: skip
def test_answers(hook, server, message, status, error):
    server.status = status
    with pytest.raises(error, match=str(status)):
        hook.send(message())
    assert len(server.got) == 1


def test_tls_is_verified(sender, server, secret, message):
    to = f"https://localhost:{server.server_port}/"
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        sender("webhook", to=to, secret_file=secret).send(message())
    assert server.got == []
