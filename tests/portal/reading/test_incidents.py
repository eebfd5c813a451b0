"""Incidents of the desk's alerts: what is joined, what is left out, and the bundled intrusion whole."""

import json
import subprocess
import sys
from contextlib import closing

import pytest

from engine.cli.ground import load_directory
from engine.cli.rules import load_rules
from engine.entities_build import directory_of
from engine.entities_rows import DirObject
from engine.run import Engine
from engine.status import Status
from engine.store import Store, facts
from engine.store.desk import Desk, beside
from engine.store.reads import reads_of
from portal.graph import incident_graph
from portal.reading import incidents
from portal.reading.sources import Sources

S = 1_000_000
T = 1_767_614_400_000_000


def numbers(house):
    return [
        [a["number"] for a in incidents.one(house.sources, one["number"])["chain"]]
        for one in incidents.listed(house.sources, 50)
    ]


def test_two_alerts_of_a_machine(house):
    house.ask(0)
    house.ask(4_000, qtype="ixfr")
    house.ask(4_100, source="ws8.corp.test")
    (line,) = incidents.listed(house.sources, 50)
    assert line == {
        "number": 1, "severity": "high", "phases": ["reconnaissance", "discovery"], "alerts": 2, "open": 2,
        "first_seen": "2026-01-05T12:00:00.000000Z", "last_seen": "2026-01-05T13:06:40.000000Z",
        "accounts": [], "hosts": ["ws9.corp.test"],
    }  # fmt: skip
    found = incidents.one(house.sources, 2)
    assert found["together"] == [
        {
            "earlier": 1, "later": 2, "entity": "ws9.corp.test", "kind": "host",
            "roles": ["source", "source"], "certainty": None, "apart_seconds": 4_000.0,
        }
    ]  # fmt: skip
    assert found["members"] == [
        {
            "entity": "ws9.corp.test", "kind": "host",
            "alerts": [{"number": 1, "roles": ["source"]}, {"number": 2, "roles": ["source"]}],
        }
    ]  # fmt: skip
    assert incidents.one(house.sources, 3) is None


def test_an_address_joins_for_an_hour(house):
    house.ask(0, source="ip:10.0.0.9")
    house.ask(3_600, source="ip:10.0.0.9", qtype="ixfr")
    house.ask(9_000, source="ip:10.0.0.9", qtype="axfr")
    assert numbers(house) == [[1, 2]]


@pytest.mark.parametrize("verdict", ["false_positive", "benign"])
def test_what_people_found_harmless_is_left_out(house, verdict):
    house.ask(0)
    house.ask(10, qtype="ixfr")
    with house.sources.deciding() as desk:
        desk.decide(1, "close", "ann", T, verdict=verdict)
    assert numbers(house) == []
    with house.sources.deciding() as desk:
        desk.decide(1, "reopen", "ann", T)
        desk.decide(1, "close", "ann", T, verdict="true_positive")
    assert numbers(house) == [[1, 2]]


@pytest.mark.parametrize("tag", ["dc", "rodc"])
def test_a_domain_controller_joins_nobody(house, tag):
    dc = DirObject(key="ws9.corp.test", kind="host", computer=True, tags=(tag,))
    facts.insert(house.engine.store.connection, "dir_object", [dc])
    house.ask(0)
    house.ask(10, qtype="ixfr")
    assert numbers(house) == []


def test_a_shared_source_joins_nobody_while_its_entry_lasts(house):
    house.ask(0)
    house.ask(10, qtype="ixfr")
    path = house.lists / "shared_sources.yaml"
    text = (
        "list: shared_sources\nkind: host\ndescription: x\nentries:\n"
        "  - {value: WS9.corp.test, owner: a, reason: b, expires: %s}\n"
    )
    path.write_text(text % "2020-01-01")
    house.reread()
    assert numbers(house) == [[1, 2]]
    path.write_text(text % "2199-01-01")
    house.reread()
    assert numbers(house) == []


@pytest.fixture
def intrusion(root, tmp_path):
    """The desk of the bundled recordings, as `atp replay` tells their alerts, and one of somebody else."""
    examples = root / "examples"
    declared = examples / "directory.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "replay", "--format", "json", "--directory", declared,
         examples / "intrusion.pcap.gz", examples / "events.xml"],
        capture_output=True, check=True,
    )  # fmt: skip
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    other = json.loads(json.dumps(alerts[5]).replace("corp.example", "other").replace(".66", ".67"))
    for one in other["evidence"]:
        one.pop("ticket_hash", None)
    loaded = load_rules(())
    file = tmp_path / "intrusion.duckdb"
    with closing(Desk(beside(file))) as desk:
        desk.put([(told, b"") for told in (*alerts, {**other, "number": 99})], 0)
    engine = Engine(
        Store(file), (), compile_detection=loaded.compile_detection,
        directory=directory_of(load_directory(declared)),
    )  # fmt: skip
    engine.tick()
    status = Status(rules={r.plan.id: r for r in loaded.rules}, in_force=loaded.in_force)
    reads = reads_of(engine.store)
    yield Sources(file, beside(file), reads, lambda: status)
    reads.close()
    engine.store.close()


def test_the_bundled_intrusion_is_one_incident(intrusion):
    """All sixteen alerts of it, and not the one of another domain at the same time."""
    (line,) = incidents.listed(intrusion, 50)
    assert (line["alerts"], line["severity"]) == (16, "high")
    assert line["phases"] == [
        "reconnaissance", "credential_access", "lateral_movement", "domain_dominance",
    ]  # fmt: skip
    found = incidents.one(intrusion, line["number"])
    assert {m["entity"] for m in found["members"]} >= {
        "dave@corp.example.test", "frank@corp.example.test", "honey@corp.example.test",
    }  # fmt: skip
    assert not any("dc1" in m["entity"] or "admins" in m["entity"] for m in found["members"])
    assert {link["later"] for link in found["together"]} | {line["number"]} == {
        a["number"] for a in found["chain"]
    }
    drawn = incident_graph(found)
    ids = {e["data"]["id"] for e in drawn if "source" not in e["data"]}
    edges = [e["data"] for e in drawn if "source" in e["data"]]
    assert all(e["source"] in ids and e["target"] in ids and e["label"] for e in edges)
    places = {tuple(e["position"].values()) for e in drawn if "position" in e}
    assert len(places) == len(ids)
