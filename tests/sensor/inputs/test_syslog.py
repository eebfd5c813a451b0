"""Syslog: what is a message in a stream, however it is cut; listening over UDP, TCP and TLS."""

import contextlib
import datetime as dt
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.inputs import syslogframes
from sensor.inputs.interface import InterfaceError
from sensor.inputs.places import Place, place, tls_of
from sensor.inputs.syslog import PORTS, Syslog
from sensor.inputs.syslogframes import Frames

JSON = b'{"EventID": 1}'
SPLUNK = b"EventCode=4776\r\nLogfile=Security\r\nMessage=The computer\r\n\r\nError Code:\t0x0"


def counted(message):
    return b"%d %s" % (len(message), message)


STREAMS = {
    "lines": (b"<13>a\n<14>b\r\n<15>c\n", [b"<13>a", b"<14>b", b"<15>c"]),
    "no end": (b"<13>a\n<14>b", [b"<13>a", b"<14>b"]),
    "counted": (counted(b"<13>a\nb") + counted(b"<14>c"), [b"<13>a\nb", b"<14>c"]),
    "mixed": (b"<13>a\n" + counted(b"<14>b\n") + b"<15>c\0", [b"<13>a", b"<14>b\n", b"<15>c"]),
    "without headers": (JSON + b"\n" + JSON + b"\n", [JSON, JSON]),
    "ends of lines inside": (
        SPLUNK + b"\r\n" + SPLUNK + b"\r\n",
        [SPLUNK.replace(b"\r\n", b"\n")] * 2,
    ),
    "a header in a line of its own": (
        b"<13>May 1 00:00:00 h\r\n" + SPLUNK + b"\n<13>x\n",
        [b"<13>May 1 00:00:00 h\n" + SPLUNK.replace(b"\r\n", b"\n"), b"<13>x"],
    ),
    "two without a form": (b"<13>one\n<13>two\n", [b"<13>one", b"<13>two"]),
    "a number that counts nothing": (b"12 apples\n<13>a\n", [b"12 apples", b"<13>a"]),
}


@pytest.mark.parametrize("name", STREAMS)
def test_any_cut_of_the_stream_gives_the_same_messages(name):
    stream, wanted = STREAMS[name]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(0, len(stream)), max_size=8))
    def holds(cuts):
        frames = Frames()
        ends = sorted({*cuts, len(stream)})
        found = []
        for begin, end in zip([0, *ends], ends, strict=False):
            found += frames.feed(stream[begin:end])
        assert [one.rstrip(b"\n") for one in found + frames.flush()] == [
            one.rstrip(b"\n") for one in wanted
        ]

    holds()


@pytest.mark.parametrize(
    "stream", [b"<13>" + b"x" * 5000 + b"\n<14>b\n", b"5000 <13>" + b"x" * 4996 + b"<14>b\n"]
)
@pytest.mark.parametrize("step", [1, 700, 100_000])
def test_what_is_too_long_is_cut_and_what_follows_is_read(monkeypatch, stream, step):
    monkeypatch.setattr(syslogframes, "MESSAGE_LIMIT", 1000)
    frames = Frames()
    found = []
    for at in range(0, len(stream), step):
        found += frames.feed(stream[at : at + step])
        assert len(frames._buffer) <= 1000 + step + 20
    found += frames.flush()
    assert found[-1] == b"<14>b"
    assert all(len(one) <= 1001 for one in found)
    assert frames.cut >= 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=10))
def test_nothing_raises(parts):
    frames = Frames()
    for part in parts:
        frames.feed(part)
    frames.flush()
    assert not frames._open


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("udp", ("udp", "", 514)),
        ("tls", ("tls", "", 6514)),
        ("tcp:1514", ("tcp", "", 1514)),
        ("udp:10.0.0.1:514", ("udp", "10.0.0.1", 514)),
        ("tcp:[::1]:1514", ("tcp", "::1", 1514)),
    ],
)
def test_places(text, where):
    assert place(text, PORTS) == where


@pytest.mark.parametrize("text", ["", "http", "udp:x", "tcp:70000", "tcp:1.2.3.4:", "udp:-1"])
def test_what_is_no_place(text):
    with pytest.raises(ValueError, match="none of|no port"):
        place(text, PORTS)


class Heard:
    """What came, and whether there is room."""

    def __init__(self, syslog):
        self.messages = []
        self.room = threading.Event()
        self.room.set()
        syslog.start(lambda message, peer: self.messages.append((message, peer)), self.room.is_set)

    def wait(self, count):
        end = time.monotonic() + 10
        while len(self.messages) < count and time.monotonic() < end:
            time.sleep(0.01)
        return [message for message, _ in self.messages]


@pytest.fixture
def listen():
    made = []

    def start(way, tls=None):
        syslog = Syslog(Place(way, "127.0.0.1", 0), tls)
        made.append(syslog)
        return syslog, Heard(syslog)

    yield start
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, and its key: PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_datagrams(listen):
    syslog, heard = listen("udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for i in range(20):
            sender.sendto(b"<13>%d" % i, ("127.0.0.1", syslog.port))
    assert heard.wait(20) == [b"<13>%d" % i for i in range(20)]
    assert heard.messages[0][1] == "127.0.0.1"


def test_connections(listen):
    syslog, heard = listen("tcp")
    with (
        socket.create_connection(("127.0.0.1", syslog.port)) as one,
        socket.create_connection(("127.0.0.1", syslog.port)) as two,
    ):
        one.sendall(b"<13>a\n<13>b\n")
        two.sendall(counted(b"<13>c"))
        assert sorted(heard.wait(2))[:1] == [b"<13>a"]
        # the line that nothing follows is a message after a while
        assert sorted(heard.wait(3)) == [b"<13>a", b"<13>b", b"<13>c"]


def test_nothing_is_lost_while_nobody_has_room(listen):
    syslog, heard = listen("tcp")
    heard.room.clear()
    sent = [b"<13>%d" % i for i in range(30_000)]

    def send():
        with socket.create_connection(("127.0.0.1", syslog.port)) as sender:
            sender.sendall(b"\n".join(sent) + b"\n")

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(0.3)
    assert len(heard.messages) < len(sent)
    heard.room.set()
    assert heard.wait(len(sent)) == sent
    sender.join()


def test_tls(listen, certificate):
    syslog, heard = listen("tls", tls_of(*certificate))
    client = ssl.create_default_context(cafile=str(certificate[0]))
    client.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", syslog.port)) as plain,
        client.wrap_socket(plain) as sender,
    ):
        sender.sendall(counted(b"<13>sealed"))
        assert heard.wait(1) == [b"<13>sealed"]
    with socket.create_connection(("127.0.0.1", syslog.port)) as plain:
        plain.sendall(b"<13>in the clear\n")
        with contextlib.suppress(ConnectionError):
            assert plain.recv(100)[:1] in (b"", b"\x15")  # an alert, if anything
            assert plain.recv(100) == b""
        assert heard.wait(1) == [b"<13>sealed"]


def test_what_cannot_be_opened(certificate, tmp_path):
    with pytest.raises(InterfaceError, match=r"syslog tcp:192\.0\.2\.1:1:"):
        Syslog(Place("tcp", "192.0.2.1", 1))
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(InterfaceError, match=r"no\.pem"):
        tls_of(tmp_path / "no.pem", certificate[1])
    with pytest.raises(InterfaceError, match="No such file"):
        tls_of(tmp_path / "none.pem", certificate[1])
