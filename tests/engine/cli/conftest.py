"""The command line, in this process (`atp`) and as a program of its own (`spawn`)."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from pcap_file import pcap_bytes, read_pcap

from engine.cli.main import main

RULE = """\
atp: 1
id: {name}
version: 1
title: {title}
severity: high
confidence: 80
kill_chain: reconnaissance
mitre: [T1110]
description: |
  A rule of the tests.
false_positives: [none]
known_gaps: [none]
detect: |
  a = match dns_query where qtype == axfr
  alert a as (source: source, asked: query)
explain: "{{{{ source }}}} asked for {{{{ asked }}}}"
tests:
  - name: nothing
    given: [{{dns_query: {{query: a}}}}]
    expect: []
"""


class Ended:
    """How a command ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}--- err\n{self.err}"


@pytest.fixture
def atp(tmp_path, monkeypatch):
    """Run a command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args, **env):
        done = CliRunner().invoke(main, [str(a) for a in args], prog_name="atp", env=env)
        return Ended(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def spawn(tmp_path):
    """Begin a command as a process; keywords as for Popen, `env` adds variables."""
    begun = []

    def start(*args, env=None, **kw):
        program = "from engine.cli.main import main; main(prog_name='atp')"
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(os.fsdecode, args)],
            cwd=tmp_path,
            env={**clean, "TERM": "xterm", **(env or {})},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kw},
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def packets(root):
    """The packets of the bundled recording up to the first alert, a zone transfer."""
    found = read_pcap(root / "examples" / "intrusion.pcap.gz")
    end = next(i for i, (_, f) in enumerate(found) if b"\x0a\x14\x1e\x42" in f[26:34] and i > 100)
    return found[:100] + found[end : end + 60]


@pytest.fixture
def capture(tmp_path, packets):
    """A small capture; a zone transfer is asked for in it."""
    path = tmp_path / "small.pcap"
    path.write_bytes(pcap_bytes(packets))
    return path


@pytest.fixture
def rule(tmp_path):
    """Write a detection of zone transfers; its path."""

    def write(name="zone_transfers", title="Zone transfer", folder="rules/discovery", **changes):
        path = tmp_path / folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = RULE.format(name=name, title=title)
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def database(tmp_path, capture, rule):
    """A database as atp-run leaves it behind: events of the small capture, its alert told."""
    from engine.cli.reading import decoded
    from engine.cli.rules import load_rules
    from engine.run import Engine
    from engine.store import Store

    loaded = load_rules((rule(),))
    path = tmp_path / "atp.duckdb"
    engine = Engine(
        Store(path), loaded.rules, compile_detection=loaded.compile_detection, keep=True
    )
    engine.ingest(decoded(capture))
    engine.tick()
    engine.store.close()
    return path
