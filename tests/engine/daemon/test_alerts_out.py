"""`atp-run` with sinks and people at the desk, killed in between: each alert out, no decision undone."""

import json
import signal
import socket

import pytest
from click.testing import CliRunner
from pcap_file import pcap_bytes

from engine.cli.main import main


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(60)
        yield made


def test_out_closed_killed_and_begun_again(atp_run, watched, tmp_path, recording, receiver):
    port = receiver.getsockname()[1]
    (tmp_path / "sinks.yaml").write_text(
        f'sinks:\n  - {{name: siem, type: syslog, to: "udp:127.0.0.1:{port}", send: [new, closed]}}\n'
    )
    (watched / "a.pcap").write_bytes(pcap_bytes(recording))
    database = tmp_path / "atp.duckdb"

    def atp(*args):
        done = CliRunner().invoke(main, [*args, "--database", str(database)], prog_name="atp")
        return done.exit_code, done.stdout

    def alerts():
        return [json.loads(line) for line in atp("alerts", "list", "--status", "any", "--format", "json")[1].splitlines()]  # fmt: skip

    run = atp_run("--sinks", "sinks.yaml", "--store", database).begun()
    assert b"CEF:0|ATP|ATP|" in receiver.recv(65536)
    number = run.changes()[0]["number"]
    assert atp("alerts", "close", str(number), "--as", "benign")[0] == 0
    run.wait(lambda: any(c["kind"] == "closed" for c in run.changes()))
    assert b"cs2=update" in receiver.recv(65536)
    run.stop(signal.SIGKILL)
    assert atp("alerts", "comment", str(number), "--note", "while it was away")[0] == 0
    again = atp_run("--sinks", "sinks.yaml", "--store", database).begun()
    again.later()
    code, _ = again.stop()
    assert code == 0, again.err
    (told,) = [a for a in alerts() if a["number"] == number]
    assert (told["status"], told["verdict"]) == ("closed", "benign")
    kinds = [c["kind"] for c in again.changes() if c["number"] == number]
    assert kinds.count("closed") == 1
    code, out = atp("sinks", "list", "--format", "json")
    assert (code, json.loads(out)["waiting"]) == (0, 0)
