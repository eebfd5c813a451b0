"""The way to the engine: through a proxy where one is named, and complaints in words."""

import base64
import socket
import threading

import pytest

from sensor.delivery.link import Link, LinkError, trusting_anyone


class Proxy:
    """Takes one connection, keeps what is asked, refuses."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.asked = b""
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        connection = self._server.accept()[0]
        while not self.asked.endswith(b"\r\n\r\n"):
            self.asked += connection.recv(4096)
        connection.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        connection.close()
        self._server.close()


def post(*args):
    return Link("https://engine.test:8443", trusting_anyone(), *args).post("/x", b"")


@pytest.mark.parametrize("environment", [False, True])
def test_a_proxy_tunnels(environment, monkeypatch):
    proxy = Proxy()
    url = f"http://me:p%40ss@127.0.0.1:{proxy.port}"
    if environment:
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(LinkError, match="407 Who are you"):
        post(*([] if environment else [url]))
    proxy.thread.join(5)
    lines = proxy.asked.decode().splitlines()
    assert lines[0].startswith("CONNECT engine.test:8443 HTTP/1.")
    password = base64.b64encode(b"me:p@ss").decode()
    assert f"Proxy-Authorization: Basic {password}" in lines


@pytest.mark.parametrize("proxy", [None, ""])
def test_no_proxy(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "engine.test")
    link = Link("https://engine.test:8443", trusting_anyone(), proxy)
    assert link._proxy == ""


@pytest.mark.parametrize("url", ["http://engine", "https://", "https://engine:port", "ftp://x"])
def test_what_is_no_address(url):
    with pytest.raises(LinkError, match="is no address"):
        Link(url, trusting_anyone(), "")


def test_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    link = Link(f"https://127.0.0.1:{port}", trusting_anyone(), "")
    for _ in range(2):
        with pytest.raises(LinkError, match="Connection refused"):
            link.post("/x", b"")
