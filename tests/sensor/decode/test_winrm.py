"""WS-Management over HTTP: shells, the exchange in their headers, damage."""

from __future__ import annotations

import base64
import time

import pytest
from transcripts import Recorder, feed, flow, rows

from sensor.contract import Flow, Malformed
from sensor.decode import winrm
from sensor.inputs.captures import read_capture
from sensor.wire.bounds import Bounds
from sensor.wire.context import WireContext
from sensor.wire.framing import Connection
from sensor.wire.ports import Ports
from sensor.wire.protocols import WireProtocol

SEALED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted"'


def post(token=None, *, path="/wsman", body=b"", scheme="Negotiate", kind=SEALED):
    lines = [f"POST {path} HTTP/1.1", "Host: dc1:5985", f"Content-Type: {kind}"]
    if token is not None:
        lines.append(f"Authorization: {scheme} {base64.b64encode(token).decode()}")
    lines.append(f"Content-Length: {len(body)}")
    return True, "\r\n".join([*lines, "", ""]).encode() + body


def answer(status, token=None, body=b"", scheme="Negotiate"):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    if token is not None:
        lines.append(f"WWW-Authenticate: {scheme} {base64.b64encode(token).decode()}".rstrip())
    return False, "\r\n".join([*lines, "", ""]).encode() + body


def read(talk, size=0, **context):
    recorder = Recorder(**context)
    feed(winrm.reader(flow(5985), recorder), talk, size)
    return recorder


NTLM = [
    post(),
    answer(401, b""),
    post(b"one"),
    answer(401, b"two"),
    post(b"three", body=b"x" * 5_000),
    answer(200, body=b"y" * 3_000),
    post(body=b"x" * 700),
    answer(200),
]


@pytest.mark.parametrize("size", [0, 1, 7, 1_000])
def test_shell_after_an_exchange(size):
    recorder = read(NTLM, size)
    assert rows(recorder.events, "kind", "account", "outcome", "encrypted", "protocol") == [
        ("remote_shell", "winrm", "CORP\\alice", "success", True, "http"),
    ]
    (auth,) = recorder.auths
    assert auth.carrier == "http"
    assert [token for _, token in auth.tokens] == [b"one", b"two", b"three"]
    assert auth.verdicts == [("success", None)]


def test_powershell_in_one_round():
    talk = [
        post(b"ap-req", path="/wsman?PSVersion=5.1.17763", scheme="Kerberos"),
        answer(200, b"r"),
    ]
    assert read(talk, rounds=1).events == []  # nothing but a token so far
    talk += [post(path="/wsman?PSVersion=5.1.17763", body=b"x"), answer(200)]
    recorder = read(talk, rounds=1)
    assert rows(recorder.events, "kind", "account", "outcome") == [
        ("remote_shell", "powershell", "CORP\\alice", "success"),
    ]


def test_refused():
    recorder = read([post(b"one"), answer(401, b"two"), post(b"three"), answer(401)])
    assert rows(recorder.events, "kind", "outcome") == [("remote_shell", "winrm", "denied")]
    assert recorder.auths[0].verdicts == [("denied", None)]


def test_other_paths_and_clear_content():
    assert read([post(path="/"), answer(404)]).events == []
    (event,) = read([post(kind="application/soap+xml", body=b"x"), answer(200)]).events
    assert (event.encrypted, event.outcome) == (False, "success")


@pytest.mark.data
def test_real_remoting(atp_data):
    folder = atp_data / "pcap/OTRF+Security-Datasets"
    (path,) = folder.glob("*covenant_psremoting_command*")
    events = []
    read_capture(path, events.append)
    shells = [e for e in events if type(e).__struct_config__.tag == "remote_shell"]
    assert {(e.kind, e.src_ip, e.dst_ip, e.outcome, e.encrypted) for e in shells} == {
        ("powershell", "172.18.39.5", "172.18.39.6", "success", True)
    }
    carried = {e.src_port for e in events if getattr(e, "service", "") == "HTTP/WORKSTATION6"}
    assert {e.src_port for e in shells} <= carried


def test_frame_and_resync():
    reader = winrm.reader(flow(5985), Recorder())
    side, data = post(body=b"x" * 100)
    assert reader.frame(side, data, 0, len(data)) == (len(data) - 100, len(data))
    assert reader.frame(side, data, 0, 30) == (0, 0)
    assert reader.frame(side, b"PO", 0, 2) == (0, 0)
    assert reader.frame(side, b"<xml>", 0, 5) == (0, -1)
    long = b"POST /wsman HTTP/1.1\r\nA: " + b"x" * 40_000
    assert reader.frame(side, long, 0, len(long)) == (0, len(long))
    assert reader.resync(side, b"zz" + data, 0, 2 + len(data)) == 2
    side, data = answer(200)
    assert reader.resync(side, b"zz" + data, 0, 2 + len(data)) == 2
    assert reader.resync(side, b"zz", 0, 2) == -1


def test_malformed():
    reader = winrm.reader(flow(5985), Recorder())
    for side, data in [
        (True, b"POST /wsman"),
        (False, b"HTTP/1.1\r\n\r\n"),
        (False, b"HTTP/1.1 x\r\n\r\n"),
    ]:
        with pytest.raises(Malformed):
            reader.message(1, side, data, 0, len(data))
    recorder = Recorder()
    bad = b"POST /wsman HTTP/1.1\r\nAuthorization: Negotiate a\r\n\r\n"
    winrm.reader(flow(5985), recorder).message(1, True, bad, 0, len(bad))
    assert recorder.counts == {"winrm.token_malformed": 1}


def test_heads_without_an_end_cost_little():
    for to_server, unit in ((True, b"POST /wsman "), (False, b"HTTP/1.1")):
        wire = WireContext("probe", print, Ports((), Bounds()))
        protocol = WireProtocol("winrm", (5985,), (), winrm.reader)
        flow = Flow("10.0.0.50", 50_000, "10.0.0.10", 5985, udp=False)
        connection = Connection(flow, protocol, wire, Bounds(), b"c", b"s")
        half = connection.client if to_server else connection.server
        begin = time.process_time()
        for at in range(200):
            half.deliver(at, (unit * 200)[:1460])
        assert time.process_time() - begin < 0.2  # 0.8 when each beginning is tried
        assert wire.counters["winrm.endless_head"] > 5
