"""The live lab: a new domain, real clients and attacks, watched live by two sensors while they happen.

Builds the domain of `$ATP_LAB` in network namespaces (root; half a minute) under a name of its own,
runs `atp-run` on the switch (a port mirror) and on the domain controller's own interface, lets the
lab's scripts act, and expects of both sensors every attack that a shipped detection covers, and
nothing about ordinary work. The recordings of the same minutes are replayed, too. Runs where
`ATP_LIVE_LAB` is set, as continuous integration does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from live_lab import Lab, label_rows, seconds

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("ATP_LIVE_LAB"), reason="set ATP_LIVE_LAB to build the live lab (root)"
    ),
]

COVERED = {
    "samr_enum": {"samr_enumeration"},
    "axfr": {"dns_zone_transfer"},
    "netsessenum": {"smb_session_enumeration"},
    "netsessenum_denied": {"smb_session_enumeration"},
    "krb_unknown_users": {"account_enumeration"},
    "krb_wrong_password": {"brute_force"},
    "ldap_wrong_password": {"brute_force_ldap"},
    "ntlm_wrong_password": {"brute_force"},
    "krb_spray": {"password_spray"},
    "honeytoken_auth": {"honeytoken_use"},
    "tgs_rc4_many_spn": {"kerberoasting"},
    "tgt_reused_other_ip": {"pass_the_ticket"},
    "getncchanges_one_shot": {"dcsync"},
    "getncchanges_one_object": {"dcsync"},
}
SLACK = 2.0
"""Seconds: a label is written beside a command, not by it."""
PATIENCE = 150
"""Seconds that alerts may take: rules that wait for the watermark wait a minute on the wire."""
NETWORK = "10.99.0"
PLACES = {"switch": ("sw", "br0"), "controller": ("dc1", "eth0")}
DIRECTORY = f"""
domains: [{{name: live.lab.test, netbios: LIVE, ticket_lifetime: 10h}}]
hosts:
  - {{name: dc1.live.lab.test, addresses: [{NETWORK}.10], tags: [dc, dns_server]}}
accounts:
  - {{name: honey, tags: [honeytoken]}}
  - {{name: svc-sql, spns: ["MSSQLSvc/sql1.live.lab.test:1433"]}}
  - {{name: svc-web, spns: [HTTP/web1.live.lab.test]}}
"""


@dataclass
class Run:
    """Recordings and labels of one live run, and what `atp-run` said at each place."""

    recordings: Path
    alerts: dict[str, list[dict]]
    printed: dict[str, str]


def said(path):
    """The last word of each alert."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return list({a["id"]: a for a in map(json.loads, lines)}.values())


def missed(rows, alerts):
    """Labelled activities that no alert of a wanted detection speaks of at their time."""
    return [
        row["activity"]
        for row in rows
        if (wanted := COVERED.get(row["activity"]))
        and not any(
            a["detection"] in wanted
            and row["source_ip"] in json.dumps([a["source"], a["evidence"]])
            and seconds(a["first_seen"]) <= float(row["end_epoch"]) + SLACK
            and seconds(a["last_seen"]) >= float(row["start_epoch"]) - SLACK
            for a in alerts
        )
    ]


def watch(folder, place):
    """`atp-run` in the network namespace of a place, ready to see packets."""
    host, interface = PLACES[place]
    folder.mkdir()
    directory = folder / "directory.yaml"
    directory.write_text(DIRECTORY, encoding="utf-8")
    command = [
        "ip", "netns", "exec", f"citst-{host}", str(Path(sys.executable).with_name("atp-run")),
        "--interface", interface, "--store", str(folder / "atp.duckdb"), "--alerts", str(folder / "alerts.jsonl"),
        "--directory", str(directory),
    ]  # fmt: skip
    log = (folder / "log").open("wb")
    daemon = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    log.close()
    for _ in range(300):
        if interface in (folder / "log").read_text(encoding="utf-8"):
            return daemon
        assert daemon.poll() is None, (folder / "log").read_text(encoding="utf-8")
        time.sleep(0.1)
    raise AssertionError("atp-run does not say that it captures")


@pytest.fixture(scope="module")
def run(atp_lab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    out = folder / "out"
    lab = Lab(atp_lab, folder, "citst", NETWORK, "LIVE")
    daemons: dict[str, subprocess.Popen[bytes]] = {}
    try:
        lab.script("up.sh", "--no-dc2")
        for place in PLACES:
            daemons[place] = watch(folder / place, place)
        lab.script("activity.sh", "benign", str(out))
        lab.script("activity.sh", "suspicious", str(out))
        rows = label_rows(out, "suspicious")
        files = [folder / place / "alerts.jsonl" for place in PLACES]
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and any(missed(rows, said(file)) for file in files):
            time.sleep(2)
        for daemon in daemons.values():
            daemon.send_signal(signal.SIGTERM)
        codes = {place: daemon.wait(timeout=60) for place, daemon in daemons.items()}
        printed = {p: (folder / p / "log").read_text(encoding="utf-8") for p in PLACES}
        assert set(codes.values()) == {0}, printed
    finally:
        for daemon in daemons.values():
            daemon.kill()
        lab.script("down.sh", "--purge")
    return Run(out, {p: said(folder / p / "alerts.jsonl") for p in PLACES}, printed)


def replay(capture):
    command = [sys.executable, "-m", "engine.cli", "replay", str(capture), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("place", PLACES)
def test_attacks_are_found_live(run, place):
    rows = label_rows(run.recordings, "suspicious")
    assert missed(rows, run.alerts[place]) == [], run.printed[place][-3000:]


@pytest.mark.parametrize("place", PLACES)
def test_ordinary_work_is_quiet_live(run, place):
    attacked = min(float(r["start_epoch"]) for r in label_rows(run.recordings, "suspicious"))
    loud = [
        f"{a['detection']}: {a['explanation']}"
        for a in run.alerts[place]
        # an alert about an attack may rest on what was seen before it
        if a["severity"] != "informational" and seconds(a["last_seen"]) < attacked
    ]
    assert loud == []


def test_attacks_are_found_in_the_recording(run):
    rows = [
        r for r in label_rows(run.recordings, "suspicious") if r["activity"] != "honeytoken_auth"
    ]
    assert missed(rows, replay(run.recordings / "suspicious.pcap")) == []


def test_ordinary_work_is_quiet_in_the_recording(run):
    loud = [a for a in replay(run.recordings / "benign.pcap") if a["severity"] != "informational"]
    assert loud == [], [f"{a['detection']}: {a['explanation']}" for a in loud]
