"""atp-run as a process: the API and metrics while it works, tokens by the command line, messages as JSON."""

import json
import re
import ssl
import subprocess
import sys

import httpx
import pytest
from pcap_file import pcap_bytes


@pytest.fixture
def portal(atp_run, tmp_path):
    """Begin atp-run with a portal; (run, client with a token of this role)."""

    clients = []

    def start(role, *args):
        run = atp_run("--portal", "127.0.0.1:0", *args).begun()
        run.wait(lambda: "the portal is at" in run.err)
        url = re.search(r"https://127\.0\.0\.1:\d+", run.err)[0]
        token = atp(tmp_path, "tokens", "create", "t", "--role", role).strip()
        trusted = ssl.create_default_context(cafile=tmp_path / "atp.duckdb.instance" / "ca.pem")
        headers = {"authorization": f"Bearer {token}"}
        clients.append(httpx.Client(base_url=url, verify=trusted, headers=headers, timeout=30))
        return run, clients[-1]

    yield start
    for client in clients:
        client.close()


def atp(folder, *args):
    command, *more = args
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", command, more[0], "--database", "atp.duckdb", *more[1:]],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_from_a_packet_to_a_decision(portal, watched, recording, tmp_path):
    run, client = portal("administrator")
    assert client.get("/api/v1/alerts").json() == {"alerts": [], "next": None}
    (watched / "a.pcap").write_bytes(pcap_bytes(recording))
    run.wait(lambda: client.get("/api/v1/alerts").json()["alerts"])
    (alert,) = client.get("/api/v1/alerts").json()["alerts"]
    assert (alert["detection"], alert["source"]) == ("zone_transfers", "ip:10.20.30.66")
    found = client.get("/api/v1/entities/ip:10.20.30.66/activities", params={"limit": 5}).json()
    assert len(found["events"]) == 5
    sent = {"sql": "SELECT query, src_ip FROM dns_query WHERE qtype = 'axfr'"}
    (row,) = client.post("/api/v1/query", json=sent).json()["rows"]
    assert row[1] == "10.20.30.66"
    decided = {"action": "close", "verdict": "benign", "note": "a test"}
    assert client.post("/api/v1/alerts/1/decisions", json=decided).status_code == 200
    run.wait(lambda: run.changes()[-1]["kind"] == "closed")
    told = client.get("/metrics").text
    assert 'atp_alerts{severity="high",status="closed"} 1.0' in told
    assert "atp_tick_seconds_count" in told
    health = client.get("/api/v1/health").json()
    assert (health["detections"], health["faults"]) == (1, 0)
    lines = client.get("/api/v1/audit").json()["lines"]
    assert [(x["who"], x["action"], x["kind"]) for x in lines] == [
        ("token t", "close", "alert"), (lines[1]["who"], "create", "token"),
    ]  # fmt: skip
    atp(tmp_path, "tokens", "revoke", "t")
    assert client.get("/api/v1/alerts").status_code == 401
    code, seconds = run.stop()
    assert code == 0
    assert seconds < 10


def test_tokens_on_the_command_line(portal, tmp_path):
    run, client = portal("viewer")
    assert client.get("/api/v1/alerts").status_code == 200
    assert client.get("/api/v1/health").status_code == 403
    atp(tmp_path, "tokens", "create", "short", "--role", "user", "--expires", "1d")
    told = [
        json.loads(line)
        for line in atp(tmp_path, "tokens", "list", "--format", "json").splitlines()
    ]
    assert [(t["name"], t["role"]) for t in told] == [("short", "user"), ("t", "viewer")]
    assert "hash" not in told[0]
    text = atp(tmp_path, "tokens", "list")
    assert "t: viewer, valid, made by" in text
    assert run.stop()[0] == 0


def test_it_stops_while_it_is_asked(portal):
    run, client = portal("viewer")
    assert client.get("/api/v1/openapi.json").status_code == 200
    code, seconds = run.stop()  # the connection is kept alive
    assert code == 0
    assert seconds < 10


def test_messages_as_json(atp_run, watched, recording):
    run = atp_run("--log-format", "json")
    run.wait(lambda: "watching" in run.err)
    (watched / "a\x1b[31m.pcap").write_bytes(b"\xd4\xc3\xb2\xa1 no capture")
    (watched / "b.pcap").write_bytes(pcap_bytes(recording))
    run.wait(lambda: '"topic":"alert"' in run.err)
    assert run.stop()[0] == 0
    assert "\x1b" not in run.err
    lines = [json.loads(line) for line in run.err.splitlines()]
    assert all({"time", "level", "topic", "message"} <= set(line) for line in lines)
    (alert,) = [line for line in lines if line["topic"] == "alert"]
    assert (alert["level"], alert["detection"], alert["number"]) == ("info", "zone_transfers", 1)
    assert run.out == ""
