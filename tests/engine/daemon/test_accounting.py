"""atp-run as a server of RADIUS accounting: radclient's records become sessions in the database."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from engine.store import Store

SECRET = "sixteen or more octets"


@pytest.fixture
def radclient():
    """Send records with FreeRADIUS's client: (output, exit code)."""
    program = shutil.which("radclient")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("needs radclient (freeradius-utils)")
        pytest.skip("needs radclient (freeradius-utils)")

    def send(port, *records, secret=SECRET, host="127.0.0.1", tries=2):
        text = "\n\n".join(", ".join(f"{k}={v}" for k, v in record.items()) for record in records)
        done = subprocess.run(
            [program, "-x", "-r", str(tries), "-t", "1", f"{host}:{port}", "acct", secret],
            input=text + "\n", capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr, done.returncode

    return send


@pytest.fixture
def clients(tmp_path):
    path = tmp_path / "clients.yaml"
    path.write_text(
        f'clients:\n  - {{network: 127.0.0.0/8, secret: "{SECRET}"}}\n  - {{network: "::1", secret: "{SECRET}"}}\n'
    )
    path.chmod(0o600)
    return path


def free_port():
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("", 0))
        return one.getsockname()[1]


def record(status, session="s1", **more):
    return {
        "Acct-Status-Type": status, "Acct-Session-Id": session, "User-Name": "'CORP\\\\alice'",
        "NAS-IP-Address": "10.0.0.1", "Calling-Station-Id": "203.0.113.7", "Framed-IP-Address": "10.8.0.5",
        **{k.replace("_", "-"): v for k, v in more.items()},
    }  # fmt: skip


def rows(path, what):
    store = Store(path)
    found = store.connection.execute(what).fetchall()
    store.close()
    return found


def test_sessions_of_radclient(atp_run, radclient, clients, tmp_path):
    port = free_port()
    run = atp_run("--radius", str(port), "--radius-clients", clients, watch=False).begun()
    assert f"watching radius {port}" in run.err
    run.wait(lambda: "VPN sessions have no country, place or network" in run.err)
    told, code = radclient(
        port, record("Start"), record("Interim-Update", Acct_Session_Time=60), record("Stop", Acct_Session_Time=90)
    )  # fmt: skip
    assert (code, told.count("Received Accounting-Response")) == (0, 3), told
    told, code = radclient(port, record("Start", "s6"), host="[::1]")
    assert (code, told.count("Received Accounting-Response")) == (0, 1), told
    told, code = radclient(port, record("Start", "s7"), secret="something else entirely", tries=1)
    assert (code, told.count("Received")) == (1, 0), told
    run.wait(lambda: "requests with a wrong secret were refused" in run.err)
    time.sleep(0.5)
    assert run.stop()[0] == 0
    assert "Traceback" not in run.err
    what = "SELECT session, phase, account, nas, duration, via, dc FROM vpn_session ORDER BY ts"
    found = rows(tmp_path / "atp.duckdb", what)
    assert [(r[0], r[1], r[4]) for r in found] == [
        ("s1", "start", None), ("s1", "interim", 60_000_000), ("s1", "stop", 90_000_000), ("s6", "start", None),
    ]  # fmt: skip
    assert {r[2] for r in found} == {"alice@corp"}
    assert {(r[3], r[5]) for r in found} == {("ip:10.0.0.1", "radius")}
    assert [r[6] for r in found] == ["ip:127.0.0.1"] * 3 + ["ip:::1"]
    beats = rows(tmp_path / "atp.duckdb", "SELECT DISTINCT kind, activity FROM sensor_health")
    assert beats == [("heartbeat", "vpn_session")]


def test_numbers_go_on_after_a_restart(atp_run, radclient, clients, tmp_path):
    port = free_port()
    for session in ("s1", "s2"):
        run = atp_run("--radius", f"127.0.0.1:{port}", "--radius-clients", clients, watch=False)
        run.begun()
        assert radclient(port, record("Start", session))[1] == 0
        assert run.stop()[0] == 0
        (tmp_path / "err.txt").unlink()
    found = rows(tmp_path / "atp.duckdb", "SELECT session, seq FROM vpn_session ORDER BY seq")
    assert [s for s, _ in found] == ["s1", "s2"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--radius", "1813x", "--radius-clients", "clients.yaml"], "error: --radius: `1813x` is no port\n"),
        (["--radius"], "error: RADIUS accounting needs to know its clients\n"),
        (["--radius-clients", "clients.yaml", "--syslog", "tcp:0"], "error: --radius-clients without --radius\n"),
        (["--radius", "192.0.2.1:9", "--radius-clients", "clients.yaml"], "error: radius 192.0.2.1:9: "),
    ],
)  # fmt: skip
def test_what_it_refuses(atp_run, clients, args, told):
    run = atp_run(*args, watch=False)
    assert run.process.wait(30) == 2
    assert told in run.err
    assert "Traceback" not in run.err


def test_a_faulty_file_of_clients_is_shown_without_its_secrets(atp_run, tmp_path):
    path = tmp_path / "clients.yaml"
    path.write_text("clients:\n  - {network: 10.0.0.999, secret: abcdefghijklmnopqr}\n")
    run = atp_run("--radius", "0", "--radius-clients", path, watch=False)
    assert run.process.wait(30) == 2
    assert "clients.yaml:2:15" in run.err
    assert "^^^^^^^^^^" in run.err
    assert "abcdef" not in run.err


def test_a_file_that_others_may_read_is_told(atp_run, clients):
    clients.chmod(0o644)
    run = atp_run("--radius", "127.0.0.1:0", "--radius-clients", clients, watch=False).begun()
    assert "holds secrets and is open to others: `chmod 640" in run.err


def test_places_of_sessions(atp_run, radclient, clients, tmp_path):
    writer = MMDBWriter(ip_version=6, database_type="GeoLite2-City", ipv4_compatible=True)
    writer.insert_network(IPSet(["203.0.113.0/24"]), {"country": {"iso_code": "DE"}})
    writer.to_db_file(str(tmp_path / "places.mmdb"))
    port = free_port()
    run = atp_run(
        "--radius", str(port), "--radius-clients", clients, "--geolocation", tmp_path / "places.mmdb", watch=False
    )  # fmt: skip
    run.wait(lambda: "VPN sessions are placed by GeoLite2-City of 20" in run.err)
    assert radclient(port, record("Start"))[1] == 0
    assert run.stop()[0] == 0
    assert rows(tmp_path / "atp.duckdb", "SELECT country, asn FROM vpn_session") == [("DE", None)]
