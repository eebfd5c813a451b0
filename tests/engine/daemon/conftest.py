"""Stores, recordings, and `atp-run` as a process."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from pcap_file import moved, read_pcap

from engine.store import Store

RULE = """\
atp: 1
id: {id}
version: 1
title: {title}
severity: high
confidence: 80
kill_chain: reconnaissance
mitre: [T1110]
description: Of the tests.
false_positives: [none]
known_gaps: [none]
detect: |
  a = match {match}
  alert a as ({roles}) dedup 1h by source
explain: "{explain}"
tests:
  - name: nothing
    given: [{{dns_query: {{query: a}}}}]
    expect: []
"""

TRANSFERS = RULE.format(
    id="zone_transfers",
    title="Zone transfer",
    match="dns_query where qtype == axfr",
    roles="source: source, asked: query",
    explain="{{ source }} asked for {{ asked }}",
)


@pytest.fixture(scope="session")
def wrong_passwords():
    """A detection of each wrong password by NTLM."""
    return RULE.format(
        id="wrong_passwords",
        title="Wrong passwords",
        match="ntlm_auth where outcome == wrong_password",
        roles="source: source, actor: account",
        explain="{{ source }} as {{ actor }}",
    )


@pytest.fixture(scope="session")
def recording(root):
    """(time, frame) of the bundled recording, as if it were of the last hour: what arrives more
    than a day late is judged by what arrives with it.
    """
    packets = read_pcap(root / "examples" / "intrusion.pcap.gz")
    return moved(packets, time.time_ns() // 1000 - 3_600_000_000)


@pytest.fixture(scope="session")
def event_log(root):
    """The bundled event log, an hour ago."""
    text = (root / "examples" / "events.xml").read_text(encoding="utf-8")
    times = {t: datetime.fromisoformat(t) for t in re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text)}
    by = datetime.now(UTC) - timedelta(hours=1) - min(times.values())
    for old, moment in times.items():
        text = text.replace(old, (moment + by).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    return text.encode()


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def watched(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


LATER = """\
import os, time
clock = time.time_ns
time.time_ns = lambda: clock() + 600_000_000_000 * os.path.exists("later")
"""
"""Ten minutes pass for the daemon when the file `later` appears in its working folder."""


class Run:
    """One atp-run: what it wrote, and its end."""

    def __init__(self, folder, args, within=(), name="", **kw):
        self.alerts_path = folder / "alerts.jsonl"
        # looks and ticks four times a second and more: less waiting in tests
        program = (
            f"{LATER}from engine.daemon import main, sensor_role\n"
            "main.TICK_S, sensor_role.TICK_S = 0.125, 0.25; main.main()"
        )
        args = list(args)
        if "--portal" not in args and "sensor" not in args:
            args += ["--portal", "off"]
        self._err = (folder / f"{name}err.txt").open("a+")
        self._said = self._err.tell()
        self._out = (folder / f"{name}out.txt").open("a+")
        self.process = subprocess.Popen(
            [*within, sys.executable, "-c", program, *map(os.fsdecode, args)],
            cwd=folder,
            **{"stdout": self._out, "stderr": self._err, **kw},
        )

    @property
    def err(self):
        """What this run said, not one before it in the same folder."""
        self._err.seek(self._said)
        return self._err.read()

    @property
    def out(self):
        self._out.seek(0)
        return self._out.read()

    def changes(self):
        """The lines of the alerts file that are whole."""
        if not self.alerts_path.exists():
            return []
        text = self.alerts_path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def later(self):
        """Ten minutes pass: what waits for records that may come late is decided."""
        (self.alerts_path.parent / "later").touch()

    def standing(self):
        """The alerts as they are after all changes."""
        last = {c["number"]: c for c in self.changes()}
        return [c for c in last.values() if c["status"] not in ("retracted", "merged")]

    def wait(self, condition, seconds=60):
        """Until the condition holds; fails with what the daemon said."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.err}"
            assert time.monotonic() < end, f"waited in vain: {self.err[-2000:]}"
            time.sleep(0.05)

    def begun(self):
        self.wait(lambda: "watching " in self.err)
        return self

    def stop(self, number=signal.SIGTERM, seconds=20):
        """End it; its exit code and how long that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        return code, time.monotonic() - began

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._err.close()
        self._out.close()


@pytest.fixture
def run_in():
    """Begin atp-run in a folder; `name` tells the files of what it says apart."""
    begun = []

    def start(folder, *args, name="engine"):
        begun.append(Run(folder, args, name=name))
        return begun[-1]

    yield start
    for run in begun:
        run.close()


@pytest.fixture
def atp_run(tmp_path, watched):
    """Begin atp-run on the watched folder with one quick rule; more arguments are added."""
    (tmp_path / "rules" / "discovery").mkdir(parents=True)
    (tmp_path / "rules" / "discovery" / "zone_transfers.yaml").write_text(TRANSFERS)
    begun = []

    def start(*args, watch=True, rules="rules", **kw):
        own = ["--watch", watched] if watch else []
        own += ["--detections", rules] if rules else []
        run = Run(tmp_path, [*own, *args], **kw)
        begun.append(run)
        return run

    yield start
    for run in begun:
        run.close()
