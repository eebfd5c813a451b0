"""atp-run takes Windows events by syslog, raises alerts of them, and keeps what it could not read."""

import socket
import sqlite3
import time
from datetime import UTC, datetime

import pytest

from engine.daemon.listening import Listening
from engine.store import Store
from sensor.inputs.places import Place
from sensor.inputs.siem import records_of_message
from sensor.inputs.syslog import Syslog


def cef(number, status="0xC000006A", user="ann"):
    moment = time.time_ns() // 1_000_000 - 60_000 + number
    return (
        "<13>CEF:0|Microsoft|Microsoft Windows||Microsoft-Windows-Security-Auditing:4776|x|Low| externalId=4776 "
        f"cat=Security rt={moment} shost=WS{number} dhost=dc1.corp.test duser={user} cs4={status} cs4Label=Reason or Error Code"
    ).encode()


def free_port():
    with socket.socket() as one:
        one.bind(("", 0))
        return one.getsockname()[1]


def test_from_the_wire_to_the_alert(atp_run, tmp_path, wrong_passwords):
    rules = tmp_path / "rules" / "reconnaissance"
    rules.mkdir()
    (rules / "wrong_passwords.yaml").write_text(wrong_passwords)
    port = free_port()
    run = atp_run("--syslog", f"tcp:127.0.0.1:{port}", watch=False).begun()
    assert f"watching syslog tcp:127.0.0.1:{port}" in run.err
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(
            b"\n".join([cef(1), b"<13>h\x1b[2J \xff nothing", cef(2, "0x0"), cef(3)]) + b"\n"
        )
        run.wait(lambda: len(run.standing()) == 2)
    run.wait(lambda: "1 messages could not be read" in run.err)
    (line,) = (tmp_path / "atp.duckdb.rejected").read_text().splitlines()
    assert "127.0.0.1 no Windows event in a form known here: <13>h\\x1b[2J" in line
    assert {a["source"] for a in run.standing()} == {"name:ws1", "name:ws3"}
    assert run.stop()[0] == 0

    (tmp_path / "err.txt").unlink()
    run = atp_run("--syslog", f"tcp:127.0.0.1:{port}", watch=False).begun()
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(cef(4) + b"\n")
        run.wait(lambda: len(run.standing()) == 3)
    assert run.stop()[0] == 0
    store = Store(tmp_path / "atp.duckdb")
    seqs = store.connection.execute("SELECT seq FROM ntlm_auth ORDER BY ts").fetchall()
    store.close()
    assert [s for (s,) in seqs] == sorted({s for (s,) in seqs})
    assert len(seqs) == 4


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["http"], "error: --syslog: `http` is none of udp, tcp, tls\n"),
        (["udp:x"], "error: --syslog: `x` is no port\n"),
        (["tls"], "error: syslog over TLS needs a certificate\n"),
        (["tls", "--certificate", "none", "--key", "none"], "error: none, none: No such file"),
        (["tcp:192.0.2.1:9"], "error: syslog tcp:192.0.2.1:9: "),
    ],
)
def test_what_it_refuses(atp_run, args, told):
    run = atp_run("--syslog", *args, watch=False)
    assert run.process.wait(30) == 2
    assert told in run.err
    assert "Traceback" not in run.err


@pytest.fixture
def listening(tmp_path):
    syslog = Syslog(Place("udp", "127.0.0.1", 0))
    made = Listening(
        "syslog", syslog, records_of_message, tmp_path / "rejected", after=70, after_raw=5, raw=True
    )
    yield made
    made.close()


def test_numbers_go_on_and_raw_ones_apart(listening):
    listening._message(cef(1), "10.0.0.1")
    listening._message(cef(2), "10.0.0.1")
    events = listening.close()
    name = min({e.sensor for e in events}, key=len)
    assert name.startswith("syslog:udp:127.0.0.1:")
    assert [e.seq for e in events if e.sensor == name] == [71, 72, 73, 74]
    assert [e.seq for e in events if e.sensor == f"{name} raw"] == [6, 7]


def test_a_defect_is_told_and_ends_nothing(listening, monkeypatch, tmp_path):
    def broken(_record):
        raise sqlite3.Error("oops")

    monkeypatch.setattr(listening._events, "record", broken)
    listening._message(cef(1), "10.0.0.1")
    assert listening.fault == ""
    assert "1 messages could not be read" in listening.complaints()["unread"]
    assert "a defect of atp, Error: oops" in (tmp_path / "rejected").read_text()


def test_the_file_of_what_was_rejected_is_bounded(listening, monkeypatch, tmp_path):
    monkeypatch.setattr("engine.daemon.listening._FILE_LIMIT", 2000)
    for i in range(200):
        listening._message(b"x" * 50 + b"%d" % i, "10.0.0.1")
    sizes = [p.stat().st_size for p in tmp_path.glob("rejected*")]
    assert len(sizes) == 2
    assert max(sizes) < 2300
    assert listening.unread == 200
    assert datetime.now(UTC).strftime("%Y-") in (tmp_path / "rejected").read_text()
