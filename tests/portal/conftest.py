"""An engine with a desk, as the daemon runs it, and what the portal reads of it."""

import threading
import time
import warnings

import click
import pytest

from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs
from engine.cli.rules import load_rules
from engine.configuration.file import read_configuration, told
from engine.daemon.errands import Errands
from engine.daemon.folders import Folders
from engine.daemon.main import main
from engine.daemon.reloading import Paths, Reloading, installation
from engine.daemon.reports_file import Planned
from engine.daemon.retaining import limits
from engine.daemon.service import Service
from engine.daemon.sinks_file import load_sinks
from engine.entities_rows import DirAddress, DirMember, DirObject, DirSpn
from engine.errands import Place
from engine.instance.authority import create_authority
from engine.instance.registry import Registry
from engine.run import Engine
from engine.store import Store, facts
from engine.store.desk import Desk, beside
from engine.store.reads import reads_of
from engine.tuning.own_lists import OwnLists
from portal.installed import Installed
from portal.reading.sources import Sources

with warnings.catch_warnings():  # it prefers another httpx, which few have
    warnings.simplefilter("ignore")
    import starlette.testclient  # noqa: F401

S = 1_000_000
T = 1_767_614_400_000_000
"""2026-01-05 12:00 UTC."""

RULE = """\
atp: 1
id: {id}
version: 3
title: Zone transfer
severity: {severity}
confidence: 80
kill_chain: {chain}
mitre: [T1110]
description: Somebody copies a zone.
false_positives: [secondary servers]
known_gaps: [other servers]
respond: [Ask its owner.]
params:
  least: {{type: int, default: 1, help: So many., high: 1, medium: 1, low: 9}}
detect: |
  a = match dns_query where qtype == {qtype}
  alert a as (source: source, asked: query) dedup 1h by source
explain: "{{{{ source }}}} asked for {{{{ asked }}}}"
tests:
  - name: nothing
    given: [{{dns_query: {{query: a}}}}]
    expect: []
"""
LIST = """\
list: {name}
kind: host
description: Of the tests.
entries:
  - {{value: ns2.corp.test, owner: dns team, reason: a secondary, expires: 2020-01-01}}
  - {{value: ns3.corp.test, owner: dns team, reason: a secondary}}
"""


class House:
    """A daemon's service over a database, from step to step; `sources` are what the portal reads."""

    def __init__(self, folder):
        self.file = folder / "atp.duckdb"
        create_authority(folder / "instance", ["localhost"])
        self.registry = Registry(folder / "instance" / "sensors.sqlite")
        rules = folder / "detections" / "discovery"
        rules.mkdir(parents=True)
        for id_, qtype, severity, chain in (
            ("zone_transfers", "axfr", "high", "reconnaissance"),
            ("whole_zones", "ixfr", "low", "discovery"),
            ("all_records", "any", "medium", "discovery"),
        ):
            text = RULE.format(id=id_, qtype=qtype, severity=severity, chain=chain)
            (rules / f"{id_}.yaml").write_text(text)
        lists = folder / "lists"
        lists.mkdir()
        for name in ("secondaries", "zone_transfers"):
            (lists / f"{name}.yaml").write_text(LIST.format(name=name))
        (folder / "settings.yaml").write_text("detections:\n  all_records: {disabled: too many}\n")
        at = Paths((folder / "detections",), folder / "settings.yaml", (lists,))
        loaded = load_rules(*at)
        self.engine = Engine(
            Store(self.file), loaded.rules, keep=True, as_written=True,
            compile_detection=loaded.compile_detection,
        )  # fmt: skip
        self.engine.put_lists(loaded.lists, loaded.rows)
        desk, asked = Desk(beside(self.file)), threading.Event()
        self.errands = Errands(
            lambda: Place(
                self.engine.store, self.file, None, T + 3_600 * S,
                lambda: installation(self.reloading, self.file),
            ),
            desk,
        )  # fmt: skip
        self.service = Service(
            self.engine, Folders([], self.engine.store), (), None, quiet=True, desk=desk,
            in_force=loaded.in_force, errands=self.errands,
        )  # fmt: skip
        self.reloading = Reloading(
            self.engine, asked, at, loaded.in_force, lambda: at,
            lambda at: load_rules(*at), self.service.put_in_force, quiet=True,
        )  # fmt: skip
        self.lists = lists
        self.sinks = list(self.sinks_to(9))
        self.reads = reads_of(self.engine.store)
        self.sources = Sources(
            self.file, beside(self.file), self.reads, lambda: self.service.status, self.registry,
            clock=lambda: T + 3_600 * S,
            installed=Installed(
                OwnLists(lambda: self.reloading.at.lists, self.reread),
                [Planned("monday", "posture", "week", 900_000_000, "xlsx", ("soc",), None)],
                folder / "reports.yaml",
                self.sinks,
                told(main.params, self._configuration(folder), click.Context(main)),
                folder / "atp.toml",
                limits(()),
            ),
        )  # fmt: skip
        self.seq = 0

    def ask(self, second, source="ws9.corp.test", query="corp.test", qtype="axfr"):
        self.seq += 1
        self.take([
            DnsQuery(ts=T + second * S, sensor="dc1/eth0", seq=self.seq, via="wire", qtype=qtype,
                     query=query, source=source, src_ip="10.0.0.9")
        ])  # fmt: skip

    def log_on(self, second, account="ann@corp.test", source="ws9.corp.test"):
        self.seq += 1
        self.take([
            KerberosAs(ts=T + second * S, sensor="dc1/eth0", seq=self.seq, via="wire",
                       account=account, source=source)
        ])  # fmt: skip

    def sinks_to(self, port):
        path = self.file.with_name("sinks.yaml")
        path.write_text(f'sinks:\n  - {{name: siem, type: syslog, to: "tcp:127.0.0.1:{port}"}}\n')
        return load_sinks(path)

    @staticmethod
    def _configuration(folder):
        clients = folder / "clients.yaml"
        clients.write_text(
            "clients:\n  - {network: 10.8.0.0/16, secret: never-to-be-shown-anywhere}\n"
        )
        (folder / "atp.toml").write_text(
            'sync = ["ldaps://who:quite-secret@dc1.corp.test"]\nradius-clients = "clients.yaml"\n'
            'sinks = "sinks.yaml"\n'
        )
        found, faults = read_configuration(folder / "atp.toml", main.params)
        assert faults == []
        return found

    def reread(self):
        """What the daemon does in its own thread, at once."""
        self.reloading.lists_asked.set()
        self.reloading.step()
        self.service._note_status()

    def take(self, events):
        self.engine.ingest(events)
        self.service.step()

    def work(self):
        """Let the daemon do what was asked of it, and put it in force."""
        self.service.step()
        while self.errands.busy:
            time.sleep(0.02)
            self.service.step()
        self.reloading.step()
        self.service.step()

    def fill_directory(self):
        connection = self.engine.store.connection
        facts.insert(connection, "dir_object", [
            DirObject(key="ann@corp.test", kind="account", name="Ann", domain="corp.test",
                      tags=("honeytoken",), sensitive=True, sid="S-1-5-21-1-2-3-1104",
                      uac=("normal",), previous_names=("anna@corp.test",)),
            DirObject(key="anton@corp.test", kind="account", name="Anton", domain="corp.test"),
            DirObject(key="admins@corp.test", kind="group", name="Admins", domain="corp.test"),
            DirObject(key="ws9.corp.test", kind="host", computer=True, account="ws9$@corp.test"),
            DirObject(key="old@corp.test", kind="account", valid_to=5),
        ])  # fmt: skip
        member = DirMember("admins@corp.test", "ann@corp.test")
        facts.insert(connection, "dir_member", [member])
        facts.insert(connection, "dir_spn", [DirSpn("http/ann", "ann@corp.test")])
        facts.insert(connection, "dir_address", [DirAddress("10.0.0.9", "ws9.corp.test", T)])

    def close(self):
        self.reads.close()
        self.service.close()
        self.registry.close()


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = House(tmp_path)
    yield made
    made.close()
