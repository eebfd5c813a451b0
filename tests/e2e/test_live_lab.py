"""The live lab: a new domain, real clients and attacks, captured while they happen and replayed.

Builds the domain of `$ATP_LAB` in network namespaces (root; half a minute) under a name of its own,
lets its scripts act, and expects every attack that a shipped detection covers. Runs where
`ATP_LIVE_LAB` is set, as continuous integration does.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest

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
    "tgs_rc4_many_spn": {"kerberoasting"},
    "tgt_reused_other_ip": {"pass_the_ticket"},
    "getncchanges_one_shot": {"dcsync"},
    "getncchanges_one_object": {"dcsync"},
}
SLACK = 2.0


@pytest.fixture(scope="module")
def recorded(atp_lab, tmp_path_factory):
    """Folder with the recordings of one live run: benign.pcap, suspicious.pcap, labels.csv."""
    folder = tmp_path_factory.mktemp("lab")
    out = folder / "out"
    env = {
        **os.environ, "LAB_DIR": str(folder / "state"), "LAB_ID": "citst", "LAB_NET": "10.99.0",
        "REALM": "LIVE.LAB.TEST", "DOMAIN": "LIVE",
    }  # fmt: skip

    def lab(script: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(atp_lab / script), *arguments], env=env, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}: {done.stdout[-2000:]} {done.stderr[-2000:]}"

    try:
        lab("up.sh")
        lab("activity.sh", "benign", str(out))
        lab("activity.sh", "suspicious", str(out))
    finally:
        lab("down.sh", "--purge")
    return out


def replay(capture):
    command = [sys.executable, "-m", "engine.cli", "replay", str(capture), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def seconds(text):
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def test_attacks_are_found(recorded):
    alerts = replay(recorded / "suspicious.pcap")
    missed = []
    with (recorded / "labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted = COVERED.get(row["activity"])
            if (
                row["set"] == "suspicious"
                and wanted
                and not any(
                    a["detection"] in wanted
                    and row["source_ip"] in json.dumps([a["source"], a["evidence"]])
                    and seconds(a["first_seen"]) <= float(row["end_epoch"]) + SLACK
                    and seconds(a["last_seen"]) >= float(row["start_epoch"]) - SLACK
                    for a in alerts
                )
            ):
                missed.append(row["activity"])
    assert missed == []


def test_ordinary_work_is_quiet(recorded):
    loud = [a for a in replay(recorded / "benign.pcap") if a["severity"] != "informational"]
    assert loud == [], [f"{a['detection']}: {a['explanation']}" for a in loud]
