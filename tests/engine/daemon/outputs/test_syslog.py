"""Syslog out: what arrives at sockets over UDP, TCP and TLS, and what counts as delivered."""

import re
import socket
import ssl
import threading

import pytest

from engine.daemon.outputs import UnreachableError

HEAD = re.compile(rb"<35>1 2023-11-14T22:13:20\.123456Z \S+ atp \d+ dcsync - CEF:0\|ATP\|ATP\|")


class Server:
    """A receiver over TCP that keeps what comes; `deaf`: it closes at once."""

    def __init__(self, tls=None, *, deaf=False):
        self._socket = socket.create_server(("", 0))
        self.port = self._socket.getsockname()[1]
        self.got = b""
        self._tls, self._deaf = tls, deaf
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            with connection:
                while not self._deaf and (data := connection.recv(65536)):
                    self.got += data

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def server():
    made = []

    def one(*args, **kw):
        made.append(Server(*args, **kw))
        return made[-1]

    yield one
    for each in made:
        each.close()


def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    return made


def test_udp(sender, message):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        sender("syslog", to=f"udp:127.0.0.1:{receiver.getsockname()[1]}").send(message())
        got = receiver.recv(65536)
    assert HEAD.match(got)
    assert got.decode().isprintable()


def test_a_datagram_has_its_length(sender, message):
    long = [{"type": "dns_query", "n": n} for n in range(9000)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        one = sender("syslog", to=f"udp:127.0.0.1:{receiver.getsockname()[1]}", format="ecs")
        one.send(message(roles={"names": [str(e) for e in long]}))
        assert len(receiver.recv(70000)) <= 65_000


def test_tcp_counted(sender, message, server):
    one = server()
    out = sender("syslog", to=f"tcp:127.0.0.1:{one.port}")
    out.send(message("d.1"))
    out.send(message("d.2", title="ü"))
    out.close()
    one._thread.join(0.5)
    rest, found = one.got, []
    while rest:
        length, _, rest = rest.partition(b" ")
        found.append(rest[: int(length)])
        rest = rest[int(length) :]
    assert [bool(HEAD.match(m)) for m in found] == [True, True]


@pytest.mark.parametrize(
    ("form", "header", "begin"),
    [
        ("cef_product", "rfc5424", r"<35>1 \S+ \S+ CEF \d+ DirectoryServicesReplicationSecu - CEF:0\|Microsoft\|Azure ATP\|"),
        ("leef", "rfc3164", r"<35>Nov 14 22:13:20 \S+ atp\[\d+\]: LEEF:2.0\|ATP\|"),
        ("ocsf", "rfc5424", r"<35>1 .* - \{\"class_uid\":2004"),
    ],
)  # fmt: skip
def test_tcp_lines(sender, message, server, form, header, begin):
    one = server()
    out = sender(
        "syslog", to=f"tcp:localhost:{one.port}", format=form, header=header, framing="lines"
    )
    out.send(message())
    out.close()
    one._thread.join(0.5)
    assert one.got.count(b"\n") == 1
    assert re.match(begin, one.got.decode())


def test_tls_is_verified(sender, message, server, certificate):
    one = server(context(certificate))
    out = sender("syslog", to=f"tls:127.0.0.1:{one.port}", ca=certificate[0])
    out.send(message())
    out.close()
    one._thread.join(0.5)
    assert HEAD.search(one.got)
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        sender("syslog", to=f"tls:127.0.0.1:{one.port}").send(message())
    with pytest.raises(UnreachableError, match="127.0.0.2"):
        sender("syslog", to=f"tls:127.0.0.2:{one.port}", ca=certificate[0]).send(message())


def test_nobody_there(sender, message):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError):
        sender("syslog", to=f"tcp:127.0.0.1:{port}").send(message())


def test_a_receiver_that_closes_has_not_got_it(sender, message, server):
    """What was written to a connection that is closed by then is not taken for delivered."""
    one = server(deaf=True)
    out = sender("syslog", to=f"tcp:127.0.0.1:{one.port}")
    out._socket = out._connected()
    one._thread.join(0.3)
    with pytest.raises(UnreachableError):
        out.send(message())
