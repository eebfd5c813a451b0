"""From a recording to alerts, the whole road: the bundled one, and those of the lab with labels.

Each labelled activity that a shipped detection covers is found at its time, from its source, and
nothing above informational is said about anything else.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import datetime

import pytest

COVERED = {
    "dns_recon": {"dns_zone_transfer"},
    "account_enum": {"account_enumeration", "password_spray"},
    "password_spray": {"password_spray"},
    "samr_recon": {"samr_enumeration"},
    "session_enum": {"smb_session_enumeration"},
    "kerberoast": {"kerberoasting"},
    "brute_force": {"brute_force", "brute_force_ldap"},
    "pass_the_ticket": {"pass_the_ticket"},
    "dcsync": {"dcsync"},
    "dcsync_denied": {"dcsync"},
    "sensitive_group_change": {"sensitive_group_addition"},
    "honeytoken": {"honeytoken_use"},
}
NOT_ON_THE_WIRE = {
    "dns_host_sweep": "names asked one by one are a known gap of dns_zone_transfer",
    "lsa_lookup": "LSA look-ups are no SAM-R",
    "add_to_domain_admins": "sealed LDAP in the lab's recording",
    "remove_from_domain_admins": "sealed, and a removal",
    "honeytoken_auth": "needs a directory file that tags the account",
}
KEYS = {
    "id": str, "detection": str, "external_id": int | None, "severity": str,
    "confidence": int | float, "kill_chain": str, "mitre": list, "first_seen": str,
    "last_seen": str, "actor": object, "source": object, "target": object, "explanation": str,
    "evidence": list,
}  # fmt: skip
SLACK = 2.0


def replay(*arguments):
    command = [sys.executable, "-m", "engine.cli", "replay", *map(str, arguments)]
    done = subprocess.run(
        [*command, "--format", "json"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def near(alert, begin, end, source):
    return (
        seconds(alert["first_seen"]) <= float(end) + SLACK
        and seconds(alert["last_seen"]) >= float(begin) - SLACK
        and source in json.dumps([alert["source"], alert["evidence"]])
    )


@pytest.fixture(scope="module")
def bundled(root):
    folder = root / "examples"
    return replay(
        folder / "intrusion.pcap.gz",
        folder / "events.xml",
        "--directory",
        folder / "directory.yaml",
    )


def test_bundled_attacks_are_found(bundled, root):
    with (root / "examples" / "labels.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["label"] in COVERED]
    assert len(rows) > 10
    missed = [
        r["activity"]
        for r in rows
        if not any(
            a["detection"] in COVERED[r["label"]] and near(a, r["start"], r["end"], r["source"])
            for a in bundled
        )
    ]
    assert missed == []


def test_bundled_work_is_quiet(bundled):
    loud = [a for a in bundled if a["severity"] != "informational"]
    about = {json.dumps(a["source"]) for a in loud if a["source"] is not None}
    assert about <= {'"ip:10.20.30.66"', '"name:kiosk7"'}


def test_an_alert_has_its_keys(bundled):
    for alert in bundled:
        for key, kind in KEYS.items():
            assert key in alert
            assert isinstance(alert[key], kind), key
        assert alert["explanation"]
        assert alert["evidence"]
        assert all({"type", "ts"} <= event.keys() for event in alert["evidence"])


@pytest.mark.lab
def test_lab_attacks_are_found(atp_lab):
    folder = atp_lab / "capture"
    alerts = replay(folder / "suspicious.pcap")
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = [
            r
            for r in csv.DictReader(file)
            if r["set"] == "suspicious"
            and r["label"] in COVERED
            and r["activity"] not in NOT_ON_THE_WIRE
        ]
    assert len(rows) > 10
    missed = [
        r["activity"]
        for r in rows
        if not any(
            a["detection"] in COVERED[r["label"]]
            and near(a, r["start_epoch"], r["end_epoch"], r["source_ip"])
            for a in alerts
        )
    ]
    assert missed == []
    assert {json.dumps(a["source"]) for a in alerts} == {'"ip:10.77.0.66"'}


@pytest.mark.lab
@pytest.mark.parametrize("name", ["benign", "dcjoin"])
def test_lab_work_is_quiet(atp_lab, name):
    loud = [
        f"{a['detection']}: {a['explanation']}"
        for a in replay(atp_lab / "capture" / f"{name}.pcap")
        if a["severity"] != "informational"
    ]
    assert loud == []
