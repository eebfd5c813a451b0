"""The live lab's directory as the only source: two domain controllers, synchronised by `atp-run`.

Builds a domain of its own in network namespaces (root), lets `atp-run` follow it over LDAPS with the
lab's certificates, changes things as an administrator would, stops and starts the daemon, and takes
a domain controller away. Runs where `ATP_LIVE_LAB` is set, as continuous integration does.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from live_lab import Lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("ATP_LIVE_LAB"), reason="set ATP_LIVE_LAB to build the live lab (root)"
    ),
]

NETWORK, DOMAIN = "10.98.0", "dir.lab.test"
PATIENCE = 120
"""Seconds that anything may take on a machine with other work."""
RULE = """\
atp: 1
id: sensitive_addition
version: 1
title: Somebody came into a sensitive group
severity: high
confidence: 80
kill_chain: persistence
mitre: [T1098]
description: A rule of the lab.
false_positives: [none]
known_gaps: [none]
explain: "{{ member }} came into {{ target }}"
tests:
  - {name: nothing, given: [{dns_query: {query: a}}], expect: []}
detect: |
  added = match group_change where action == member_added and is_sensitive(group)
  alert added as (actor: actor, source: source, target: group, member: member)
"""


class Daemon:
    """`atp-run` inside the lab's client."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = lab.folder / "run"
        self.folder.mkdir(exist_ok=True)
        rules = lab.folder / "rules" / "persistence"
        rules.mkdir(parents=True, exist_ok=True)
        (rules / "sensitive_addition.yaml").write_text(RULE)
        password = lab.folder / "password"
        password.write_text(lab.setting("ADMINPASS") + "\n")
        trusted = lab.folder / "ca.pem"
        authorities = [lab.state / dc / "lib/private/tls/ca.pem" for dc in ("dc1", "dc2")]
        trusted.write_text("".join(path.read_text() for path in authorities))
        holder = (lab.state / "client" / "holder.pid").read_text().strip()
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [
                "nsenter", "-t", holder, "-n", "-m", "-u", "--",
                str(Path(sys.executable).with_name("atp-run")),
                "--sync", f"ldaps://dc1.{DOMAIN}", "--sync", f"ldaps://dc2.{DOMAIN}",
                "--sync-forest", "--sync-user", f"administrator@{DOMAIN}",
                "--sync-password-file", str(password), "--sync-ca", str(trusted),
                "--store", str(self.folder / "atp.duckdb"),
                "--alerts", str(self.folder / "alerts.jsonl"), "--detections", str(rules.parent),
            ],
            stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def stop(self):
        if self.process.poll() is None:
            # nsenter becomes the daemon, it does not stand before it
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        self.log.close()
        return code

    def wait(self, what, ready):
        begin = time.monotonic()
        while time.monotonic() - begin < PATIENCE:
            if ready():
                return time.monotonic() - begin
            assert self.process.poll() is None, self.said()
            time.sleep(0.2)
        raise AssertionError(f"no {what}: {self.said()}")

    def said(self):
        return (self.folder / "log").read_text(encoding="utf-8")[-3000:]

    def synchronised(self):
        """Whether both naming contexts were read to their end, and taken over."""
        path = self.folder / "atp.duckdb.directory"
        if not path.exists():
            return False
        try:
            with sqlite3.connect(path, timeout=5) as database:
                (done,) = database.execute(
                    "SELECT count(*) FROM bookmark WHERE kind = 'complete'"
                ).fetchone()
                (left,) = database.execute("SELECT count(*) FROM outbox").fetchone()
                (known,) = database.execute(
                    "SELECT count(*) FROM bookmark WHERE kind LIKE 'address %'"
                ).fetchone()
        except sqlite3.OperationalError:
            return False
        return (done, left) == (2, 0) and known >= 2

    def alerted(self, member):
        path = self.folder / "alerts.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return any(json.loads(line)["roles"]["member"].startswith(member) for line in lines)


@dataclass
class Run:
    """What came of it: seconds that things took, and the database at the end."""

    took: dict[str, float]
    rows: dict[str, list[tuple]]
    said: str
    weak: dict[str, set[tuple[str, str]]]


QUERIES = {
    "members": "SELECT split_part(group_key, '@', 1), split_part(member_key, '@', 1) FROM dir_member "
    "WHERE valid_to > 9e18",
    "created": "SELECT split_part(account, '@', 1), count(*) FROM account_change "
    "WHERE action = 'created' GROUP BY 1",
    "added": "SELECT split_part(member, '@', 1), count(*) FROM group_change "
    "WHERE action = 'member_added' GROUP BY 1",
    "controllers": "SELECT key FROM dir_object WHERE kind = 'host' AND list_contains(tags, 'dc') "
    "AND valid_to > 9e18",
    "sensitive": "SELECT split_part(key, '@', 1) FROM dir_object WHERE kind = 'account' "
    "AND sensitive AND valid_to > 9e18",
}


def posture(daemon, *options):
    """What is weak, by check and object."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("atp")), "posture", "--format", "json",
            "--database", str(daemon.folder / "atp.duckdb"), *options,
        ],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {(t["check"], t.get("value", t["attribute"])) for t in told}


@pytest.fixture(scope="module")
def run(atp_lab, tmp_path_factory):
    lab = Lab(atp_lab, tmp_path_factory.mktemp("directory"), "cidir", NETWORK, "DIR")
    took = {}
    daemon = None
    try:
        lab.script("up.sh")
        daemon = Daemon(lab)
        took["first"] = daemon.wait("first synchronisation", daemon.synchronised)
        before = datetime.now(UTC)
        lab.on("dc1", "samba-tool", "delegation", "for-any-service", "svc-sql", "on")
        lab.on(
            "dc1", "samba-tool", "dsacl", "set", "--action=allow", "--car=get-changes-all",
            "--objectdn=DC=dir,DC=lab,DC=test", "--trusteedn=CN=bob Lab,CN=Users,DC=dir,DC=lab,DC=test",
        )  # fmt: skip
        lab.on("dc1", "samba-tool", "group", "addmembers", "Domain Admins", "erin")
        took["change"] = daemon.wait("alert of erin", lambda: daemon.alerted("erin"))
        assert daemon.stop() == 0, daemon.said()
        lab.on("dc1", "samba-tool", "user", "create", "newbie", "Zz-12345-xx")
        lab.on("dc1", "samba-tool", "group", "addmembers", "Enterprise Admins", "carol")
        daemon = Daemon(lab)
        took["restart"] = daemon.wait("alert of carol", lambda: daemon.alerted("carol"))
        lab.on(
            "dc2",
            "samba-tool",
            "drs",
            "replicate",
            "dc2",
            "dc1",
            "DC=dir,DC=lab,DC=test",
            "--local",
        )
        daemon.wait("addresses", daemon.synchronised)
        lab.kill("dc1")
        lab.on("dc2", "samba-tool", "group", "addmembers", "Domain Admins", "frank")
        took["failover"] = daemon.wait("alert of frank", lambda: daemon.alerted("frank"))
        assert daemon.stop() == 0, daemon.said()
        with duckdb.connect(str(daemon.folder / "atp.duckdb"), read_only=True) as store:
            rows = {name: store.execute(query).fetchall() for name, query in QUERIES.items()}
        said = daemon.said()
        weak = {
            "before": posture(daemon, "--at", before.isoformat()),
            "now": posture(daemon),
        }
    finally:
        if daemon is not None:
            daemon.process.kill()
        lab.script("down.sh", "--purge")
    return Run(took, rows, said, weak)


def test_a_change_is_seen_soon(run):
    assert run.took["change"] < 30, run.took


def test_nested_groups_are_closed(run):
    members = set(run.rows["members"])
    assert {
        ("administrators", "erin"),
        ("domain admins", "erin"),
        ("administrators", "carol"),
    } <= members
    assert {("nested ops", "alice"), ("domain users", "newbie")} <= members


def test_who_is_sensitive(run):
    assert {"administrator", "krbtgt", "erin", "carol", "frank"} <= {
        n for (n,) in run.rows["sensitive"]
    }
    assert "newbie" not in {n for (n,) in run.rows["sensitive"]}


def test_controllers_are_known(run):
    assert {key for (key,) in run.rows["controllers"]} == {"dc1.dir.lab.test", "dc2.dir.lab.test"}


def test_nothing_is_lost_and_nothing_told_twice(run):
    assert run.rows["created"] == [("newbie", 1)]
    assert sorted(run.rows["added"]) == [("carol", 1), ("erin", 1), ("frank", 1)]


def test_what_was_made_weak_is_named_as_of_then(run):
    planted = {
        ("unconstrained_delegation", "trusted_for_delegation"),
        ("replication_rights", "bob@dir.lab.test"),
    }
    assert planted <= run.weak["now"]
    assert not planted & run.weak["before"]
    both = run.weak["now"] & run.weak["before"]
    assert {("machine_account_quota", "10"), ("preauthentication_off", "dont_req_preauth")} <= both
    # a fresh domain grants nobody control
    rights = {"domain_rights", "adminsdholder_rights", "policy_rights", "sensitive_object_rights"}
    assert not {check for check, _ in run.weak["now"]} & (rights | {"organizational_unit_rights"})


def test_the_dead_server_was_left(run):
    assert "trying the next server" in run.said
    print(run.took)
