"""From a recording to alerts, the whole road: the bundled one, and those of the lab with labels.

Each labelled activity that a shipped detection covers is found at its time, from its source, and
nothing above informational is said about anything else.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from datetime import datetime

import pytest

COVERED = {
    "dns_recon": {"dns_zone_transfer", "dns_host_sweep"},
    "ldap_recon": {
        "spn_enumeration_ldap",
        "ldap_reconnaissance",
        "ldap_sensitive_attributes",
        "kerberoasting",
    },
    "share_enum": {"share_enumeration"},
    "etype_downgrade": {"overpass_the_hash_downgrade"},
    "ntlmv1": {"ntlmv1_use"},
    "dpapi_backupkey": {"crafted_ntlm"},
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
    "remote_service": {"remote_service_creation"},
}
"""Label -> the detections of which one must find it, and which may speak of it."""
UNSEEN_IN_THE_LAB = {
    "lsa_lookup": "LSA look-ups are no SAM-R",
    "add_to_domain_admins": "sealed LDAP in the lab's recording",
    "remove_from_domain_admins": "sealed, and a removal",
    "service_list": "nothing is created",
}
LOG = {
    # make_events.py says what it writes; its records have names and no addresses
    "password_spray": ("09:06:00", "09:09:30", "name:kiosk7"),
    "sensitive_group_addition": ("09:10:40", "09:10:40", None),
    "suspicious_service": ("09:11:50", "09:11:50", None),
    "security_log_cleared": ("09:13:30", "09:13:30", None),
}
SLACK = 2.0
"""Seconds: a label is written beside a command, not by it."""


def replay(*arguments, form="json"):
    command = [sys.executable, "-m", "engine.cli", "replay", *map(str, arguments)]
    done = subprocess.run(
        [*command, "--format", form], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return (
        [json.loads(line) for line in done.stdout.splitlines()] if form == "json" else done.stdout
    )


def rows(path, **wanted):
    """Labels of a file, with one set of names for both of the lab's forms."""
    with path.open(encoding="utf-8") as file:
        found = [
            {
                "start": float(r.get("start") or r["start_epoch"]),
                "end": float(r.get("end") or r["end_epoch"]),
                "activity": r["activity"],
                "source": r.get("source") or r["source_ip"],
                "label": r["label"],
                "set": r.get("set"),
            }
            for r in csv.DictReader(file)
        ]
    return [r for r in found if all(r[k] == v for k, v in wanted.items())]


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def finds(alert, row):
    """Whether an alert speaks of a labelled activity: detection, time and source fit."""
    return (
        alert["detection"] in COVERED.get(row["label"], ())
        and seconds(alert["first_seen"]) <= row["end"] + SLACK
        and seconds(alert["last_seen"]) >= row["start"] - SLACK
        and alert["source"] == f"ip:{row['source']}"
    )


def missed(alerts, labels, unseen=()):
    due = [r for r in labels if r["label"] in COVERED and r["activity"] not in unseen]
    assert len(due) > 10
    return [r["activity"] for r in due if not any(finds(a, r) for a in alerts)]


def unfounded(alerts, labels):
    """What is said above informational about nothing that was done."""
    return [
        f"{a['detection']} {a['first_seen']}: {a['explanation']}"
        for a in alerts
        if a["severity"] != "informational" and not any(finds(a, r) for r in labels)
    ]


def lasting(alert):
    """What must be the same in another run: all but running numbers and keyed hashes."""
    evidence = [
        {k: v for k, v in e.items() if k not in ("id", "password_tag")} for e in alert["evidence"]
    ]
    return {**alert, "number": 0, "evidence": evidence}


# --- the bundled recording ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labels(root):
    return rows(root / "examples" / "labels.csv")


@pytest.fixture(scope="module")
def bundled(root):
    folder = root / "examples"
    return replay(
        folder / "intrusion.pcap.gz", folder / "events.xml",
        "--directory", folder / "directory.yaml",
    )  # fmt: skip


@pytest.fixture(scope="module")
def wire(bundled):
    return [a for a in bundled if any(e["via"] == "wire" for e in a["evidence"])]


def test_bundled_attacks_are_found(wire, labels):
    assert missed(wire, labels) == []


def test_bundled_work_is_quiet(wire, labels):
    assert unfounded(wire, labels) == []


def test_each_kind_is_told_once(wire):
    told = [a["detection"] for a in wire]
    assert len(told) == len(set(told))


def test_without_a_directory_file_only_the_bait_is_missing(wire, root, labels):
    alerts = replay(root / "examples" / "intrusion.pcap.gz")
    assert {a["detection"] for a in alerts} == {a["detection"] for a in wire} - {"honeytoken_use"}
    assert unfounded(alerts, labels) == []


def test_the_log_of_the_next_morning(bundled, wire):
    log = [a for a in bundled if a not in wire]
    assert {
        a["detection"]: (a["first_seen"][11:19], a["last_seen"][11:19], a["source"]) for a in log
    } == LOG
    assert len(log) == len(LOG)


def test_the_guessed_account_is_named(bundled):
    sprays = [a for a in bundled if a["detection"] == "password_spray"]
    assert all(a["severity"] == "high" for a in sprays)
    assert any("dave@corp.example.test was guessed" in a["explanation"] for a in sprays)


def test_the_order_of_files_changes_nothing(bundled, root):
    folder = root / "examples"
    turned = replay(
        folder / "events.xml", folder / "intrusion.pcap.gz",
        "--directory", folder / "directory.yaml",
    )  # fmt: skip
    assert list(map(lasting, turned)) == list(map(lasting, bundled))


def test_the_walk_through_says_what_comes_out(wire, bundled, root):
    """Each alert has its heading, with its number and severity; each heading its alert."""
    text = (root / "examples" / "README.md").read_text(encoding="utf-8")
    heading = r"### (\d\d:\d\d:\d\d) — [^\n]*: `(\w+)`(?: \[(\d+)\])?(, high)?\n"
    told = {name: (time, number, high) for time, name, number, high in re.findall(heading, text)}
    assert told.keys() == {a["detection"] for a in wire}
    for alert in wire:
        time, number, high = told[alert["detection"]]
        assert number == str(alert["external_id"] or "")
        assert (high == ", high") == (alert["severity"] == "high")
        first, last = (seconds(alert[k]) for k in ("first_seen", "last_seen"))
        assert first - SLACK <= seconds(f"{alert['first_seen'][:10]}T{time}Z") <= last
    for name, (begin, _, _) in LOG.items():
        assert re.search(rf"\| {begin} \|[^\n]*`{name}`", text), name
    counts = re.search(r"`(\d+) alerts \((\d+) high, (\d+) medium, (\d+) informational\)", text)
    levels = [a["severity"] for a in bundled]
    wanted = [len(levels), *(levels.count(s) for s in ("high", "medium", "informational"))]
    assert [int(n) for n in counts.groups()] == wanted


# --- the form of an alert -------------------------------------------------------------------------

TEXT, OPTIONAL, NUMBER = (str,), (str, type(None)), (int, float)
ROLE = (str, int, float, list, type(None))
SHAPE = {
    "id": TEXT, "number": (int,), "detection": TEXT, "version": (int,),
    "external_id": (int, type(None)), "title": TEXT, "severity": TEXT, "confidence": NUMBER,
    "kill_chain": TEXT, "mitre": (list,), "first_seen": TEXT, "last_seen": TEXT, "actor": ROLE,
    "source": ROLE, "target": ROLE, "source_certainty": OPTIONAL, "source_resolution": OPTIONAL, "roles": (dict,), "varied": (dict,), "explanation": TEXT,
    "evidence": (list,), "evidence_count": (int,), "count": (int,), "overflow": (bool,),
    "status": TEXT, "verdict": (str, type(None)), "merged_into": (int, type(None)), "aliases": (list,), "params": (dict,), "usual": (list,),
}  # fmt: skip
"""Keys in order, with their types: what programs may rely on."""


def test_the_form_of_an_alert(bundled):
    assert bundled
    for alert in bundled:
        assert list(alert) == list(SHAPE)
        for key, kinds in SHAPE.items():
            assert type(alert[key]) in kinds, (key, alert[key])
        assert re.fullmatch(r"[0-9a-f]{32}", alert["id"])
        assert alert["severity"] in ("informational", "low", "medium", "high")
        assert 0 <= alert["confidence"] <= 100
        assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", t) for t in alert["mitre"])
        for key in ("first_seen", "last_seen"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", alert[key])
        assert alert["first_seen"] <= alert["last_seen"]
        assert alert["explanation"].isprintable()
        assert alert["explanation"]
        assert 0 < len(alert["evidence"]) <= min(100, alert["evidence_count"])
        assert all(type(e["type"]) is str and type(e["ts"]) is int for e in alert["evidence"])
        assert [e["ts"] for e in alert["evidence"]] == sorted(e["ts"] for e in alert["evidence"])
        assert all(alert[k] == alert["roles"].get(k) for k in ("actor", "source", "target"))


def test_alerts_come_in_order_of_time(bundled):
    assert [a["first_seen"] for a in bundled] == sorted(a["first_seen"] for a in bundled)


def test_the_text_says_the_same(bundled, root):
    folder = root / "examples"
    shown = replay(
        folder / "intrusion.pcap.gz", folder / "events.xml",
        "--directory", folder / "directory.yaml", "--evidence", "0", form="text",
    )  # fmt: skip
    joined = " ".join(shown.split())
    for alert in bundled:
        assert alert["title"] in joined
        assert " ".join(alert["explanation"].split()) in joined
    assert f"{len(bundled)} alerts (" in joined


# --- the lab's recordings -------------------------------------------------------------------------

LAB_DIRECTORY = """\
domains: [{name: corp.lab.test, netbios: CORP}]
hosts:
  - {name: dc1.corp.lab.test, addresses: [10.77.0.10], tags: [dc, dns_server]}
  - {name: dc2.corp.lab.test, addresses: [10.77.0.11], tags: [dc, dns_server]}
accounts: [{name: honey, tags: [honeytoken]}]
"""


@pytest.fixture(scope="module")
def lab_directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "directory.yaml"
    path.write_text(LAB_DIRECTORY)
    return ["--directory", path]


@pytest.mark.lab
@pytest.mark.parametrize("known", [False, True])
def test_lab_attacks_are_found(atp_lab, lab_directory, known):
    folder = atp_lab / "capture"
    alerts = replay(folder / "suspicious.pcap", *(lab_directory if known else []))
    done = rows(folder / "labels.csv", set="suspicious")
    due = [r for r in done if known or r["label"] != "honeytoken"]
    assert missed(alerts, due, UNSEEN_IN_THE_LAB) == []
    assert unfounded(alerts, done) == []


@pytest.mark.lab
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("name", ["benign", "dcjoin"])
def test_lab_work_is_quiet(atp_lab, lab_directory, name, known):
    alerts = replay(atp_lab / "capture" / f"{name}.pcap", *(lab_directory if known else []))
    assert unfounded(alerts, []) == []


@pytest.mark.lab
def test_the_lab_in_two_captures_of_one_period(atp_lab, lab_directory, tmp_path):
    """Two taps, each with half of the connections: named either way, the same alerts; and those
    of the whole, whatever each tap saw of it.
    """
    from pcap_file import pcap_bytes, read_pcap

    whole = atp_lab / "capture" / "suspicious.pcap"
    halves = [[], []]
    for ts, frame in read_pcap(whole):
        ends = frame[26:34] if frame[12:14] == b"\x08\x00" else b""
        ports = frame[34:38] if frame[23:24] in (b"\x06", b"\x11") else b""
        halves[(sum(ends) + sum(ports)) % 2].append((ts, frame))
    for name, half in zip("ab", halves, strict=True):
        (tmp_path / f"{name}.pcap").write_bytes(pcap_bytes(half))
    one = replay(tmp_path / "a.pcap", tmp_path / "b.pcap", *lab_directory)
    two = replay(tmp_path / "b.pcap", tmp_path / "a.pcap", *lab_directory)
    assert list(map(lasting, one)) == list(map(lasting, two))
    done = rows(atp_lab / "capture" / "labels.csv", set="suspicious")
    assert missed(one, done, UNSEEN_IN_THE_LAB) == []
    assert unfounded(one, done) == []
