"""JSON by lines and by HTTP: what is taken, what is refused and how, and that all of it is bounded."""

import base64
import contextlib
import gzip
import http.client
import json
import socket
import time

import pytest

from sensor.inputs import jsonhttp, jsonport
from sensor.inputs.jsonport import JsonPort
from sensor.inputs.places import Place

TOKEN = "0123456789abcdef01234567"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Heard:
    def __init__(self, way, **more):
        self.lines = []
        self.room = True
        self.port = JsonPort(Place(way, "127.0.0.1", 0), **more)
        self.port.start(lambda line, _peer: self.lines.append(line), lambda: self.room)

    def wait(self, count):
        end = time.monotonic() + 10
        while len(self.lines) < count and time.monotonic() < end:
            time.sleep(0.01)
        return self.lines


@pytest.fixture
def listen():
    with contextlib.ExitStack() as stack:

        def start(way, **more):
            heard = Heard(way, **more)
            stack.callback(heard.port.close)
            return heard

        yield start


@pytest.fixture
def web(listen):
    return listen("http", tokens=[TOKEN])


def ask(heard, method="POST", path="/", body=b"", headers=BEARER):
    connection = http.client.HTTPConnection("127.0.0.1", heard.port.port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None, dict(answer.getheaders())
    finally:
        connection.close()


def test_lines_however_they_are_cut(listen):
    heard = listen("tcp")
    with socket.create_connection(("127.0.0.1", heard.port.port)) as sender:
        for part in (b'{"a":1}\r\n\n{"b"', b':2}\n{"c":', b"3}"):
            sender.sendall(part)
            time.sleep(0.02)
    assert [json.loads(line) for line in heard.wait(3)] == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_a_line_too_long_is_passed_over(listen, monkeypatch):
    monkeypatch.setattr(jsonport, "LINE_LIMIT", 1000)
    heard = listen("tcp")
    with socket.create_connection(("127.0.0.1", heard.port.port)) as sender:
        for part in (b"1\n", b"x" * 200_000, b"y\n2\n"):
            sender.sendall(part)
            time.sleep(0.05)
    assert heard.wait(2) == [b"1", b"2"]
    assert heard.port.cut == 1


def test_senders_of_lines_wait_for_room(listen):
    heard = listen("tcp")
    heard.room = False
    with socket.create_connection(("127.0.0.1", heard.port.port)) as sender:
        sender.sendall(b"1\n")
        time.sleep(0.2)
        assert heard.lines == []
        heard.room = True
        assert heard.wait(1) == [b"1"]


def test_ndjson(web):
    assert ask(web, body=b'{"a":1}\n\n{"b":2}')[:2] == (200, {"taken": 2})
    assert web.lines == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("path", ["/_bulk", "/winlogbeat-8/_bulk", "/_bulk?filter_path=errors"])
@pytest.mark.parametrize("packed", [False, True])
def test_bulk(web, path, packed):
    body = b'{"create":{"_index":"x"}}\n{"a":1}\n{"index":{}}\n{"b":2}\n'
    headers = {**BEARER, "Content-Type": "application/x-ndjson"}
    if packed:
        body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
    status, told, heads = ask(web, path=path, body=body, headers=headers)
    assert (status, told["errors"]) == (200, False)
    assert told["items"] == [
        {"create": {"_index": "x", "status": 201}}, {"index": {"_index": "", "status": 201}},
    ]  # fmt: skip
    assert heads["x-elastic-product"] == "Elasticsearch"
    assert web.lines == [b'{"a":1}', b'{"b":2}']


def test_what_bulk_does_not_do_is_told_item_by_item(web):
    body = b'{"delete":{"_id":"1"}}\n{"update":{"_id":"2"}}\n{"doc":{}}\n{"create":{}}\n{"a":1}\n'
    status, told, _ = ask(web, path="/_bulk", body=body)
    assert (status, told["errors"]) == (200, True)
    assert [next(iter(i.values()))["status"] for i in told["items"]] == [400, 400, 201]
    assert web.lines == [b'{"a":1}']


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        ("Basic " + base64.b64encode(f"atp:{TOKEN}".encode()).decode(), 200),
        ("ApiKey " + base64.b64encode(f"id:{TOKEN}".encode()).decode(), 200),
        (None, 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN}0", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Digest {TOKEN}", 401),
        ("Basic !!", 401),
        ("Basic " + base64.b64encode(b"atp:").decode(), 401),
        (f"Basic {TOKEN}", 401),
    ],
)
def test_tokens(web, authorization, status):
    headers = {} if authorization is None else {"Authorization": authorization}
    found, _, heads = ask(web, body=b"{}", headers=headers)
    assert found == status
    assert ("www-authenticate" in heads) == (status == 401)
    assert len(web.lines) == (status == 200)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/_license", 200),
        ("GET", "/_ilm/policy/x", 404),
        ("POST", "/x/_doc", 404),
        ("DELETE", "/", 404),
    ],
)
def test_what_shippers_ask(web, method, path, status):
    found, told, _ = ask(web, method, path)
    assert found == status
    assert method == "HEAD" or path != "/" or method == "DELETE" or told["version"]["number"]


def test_one_connection_has_many_requests(web):
    connection = http.client.HTTPConnection("127.0.0.1", web.port.port, timeout=20)
    for i in range(20):
        connection.request("POST", "/", b"%d" % i, BEARER)
        assert connection.getresponse().read() == b'{"taken":1}'
    connection.close()
    assert web.lines == [b"%d" % i for i in range(20)]


def test_busy_is_429_and_nothing_is_taken(web):
    web.room = False
    status, _, heads = ask(web, body=b"{}\n" * 100_000)
    assert (status, heads["retry-after"], web.lines) == (429, "1", [])


def test_bodies_are_bounded(web, monkeypatch):
    monkeypatch.setattr(jsonhttp, "BODY_LIMIT", 10_000)
    assert ask(web, body=b"x" * 10_001)[0] == 413
    assert ask(web, body=iter([b"x" * 6000] * 2))[0] == 413
    bomb = gzip.compress(b"\n" * 5_000_000)
    assert len(bomb) < 10_000
    packed = {**BEARER, "Content-Encoding": "gzip"}
    assert ask(web, body=bomb, headers=packed)[0] == 413
    assert ask(web, body=gzip.compress(b"{}")[:-3], headers=packed)[0] == 400
    assert ask(web, body=b"{}", headers=packed)[0] == 400
    assert ask(web, body=b"{}", headers={**BEARER, "Content-Encoding": "br"})[0] == 415
    assert web.lines == []
    assert ask(web, body=b"x" * 10_000)[0] == 200


def test_all_bodies_together_are_bounded(web, monkeypatch):
    monkeypatch.setattr(jsonhttp, "_HELD_LIMIT", 10_000)
    assert ask(web, body=b"x" * 10_001)[0] == 429
    assert ask(web, body=b"x" * 10_000)[0] == 200


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n", b"G" * 100_000, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"]
)  # fmt: skip
def test_what_is_no_http_is_left(web, said):
    with (
        socket.create_connection(("127.0.0.1", web.port.port), timeout=20) as sender,
        contextlib.suppress(OSError),
    ):
        sender.sendall(said)
        sender.shutdown(socket.SHUT_WR)
        answer = sender.recv(4096)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert ask(web, body=b"{}")[0] == 200


def test_expecting_to_be_told_to_go_on(web):
    with socket.create_connection(("127.0.0.1", web.port.port), timeout=20) as sender:
        sender.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
            + f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        assert sender.recv(4096).startswith(b"HTTP/1.1 100")
        sender.sendall(b"{}")
        assert sender.recv(4096).startswith(b"HTTP/1.1 200")
    assert web.lines == [b"{}"]
