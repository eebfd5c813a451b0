"""The lab's recordings: who is a domain controller there, and who asks for replication."""

import pytest

from dsl.schema.registry import event_type
from engine.entities import Directory
from engine.ingest import Ingest
from engine.replay import Setting, replay
from sensor.inputs.files import read_file

pytestmark = pytest.mark.lab

DC1, DC2, CLIENT, ROGUE = "10.77.0.10", "10.77.0.11", "10.77.0.50", "10.77.0.66"
DCSYNC = """
r = match replication where method == "DRSGetNCChanges" and not is_dc(source)
alert r as (source: source, actor: account, target: dc)
"""


@pytest.fixture(scope="module")
def events(atp_lab):
    def read(name):
        found = []
        read_file(atp_lab / "capture" / f"{name}.pcap", found.append)
        return found

    return read


def resolved(events, batch):
    """The directory and the events after ingest in batches of a size."""
    directory = Directory()
    ingest, taken = Ingest(directory), []
    for begin in range(0, len(events), batch):
        taken += ingest.take(events[begin : begin + batch])
    return directory, taken


@pytest.mark.parametrize("batch", [50, 100_000])
@pytest.mark.parametrize(
    ("name", "controllers", "others"),
    [
        ("dcjoin", {DC1, DC2}, set()),
        ("benign", {DC1, DC2}, {CLIENT}),
        ("suspicious", {DC1, DC2}, {CLIENT, ROGUE}),
    ],
)
def test_the_domain_controllers(events, name, controllers, others, batch):
    directory, taken = resolved(events(name), batch)
    last = max(e.ts for e in taken)
    known = {host for host, *_ in directory.domain_controllers()}
    assert {ip for ip in controllers if f"ip:{ip}" in known} == controllers
    assert not {f"ip:{ip}" for ip in others} & known
    assert all(directory.is_dc(f"ip:{ip}", last) for ip in controllers)
    assert set(directory.domains) == {"corp.lab.test"}
    asked = [e for e in taken if event_type(e) == "replication" and e.source is not None]
    assert {directory.is_dc(e.source, e.ts) for e in asked} <= {name != "suspicious"}


def test_the_client_is_known_by_its_machine_account(events):
    directory, taken = resolved(events("benign"), 100_000)
    (held,) = directory.addresses.rows(CLIENT)
    assert (held.host, held.method) == ("client.corp.lab.test", "kerberos_machine")
    accounts = {e.account for e in taken if event_type(e) == "kerberos_as"}
    assert "alice@corp.lab.test" in accounts


@pytest.mark.parametrize(("name", "sources"), [("dcjoin", []), ("benign", []), ("suspicious", [f"ip:{ROGUE}"] * 2)])  # fmt: skip
def test_who_asks_for_replication_without_being_one(events, rule_of, name, sources):
    rule, compiled = rule_of("dcsync_in_the_lab", DCSYNC)
    done = replay([rule], events(name), lambda _: compiled, Setting())
    assert [a.roles["source"] for a in done.alerts] == sources
    shown = list(done.dicts())
    assert all(len(a["evidence"]) == a["evidence_count"] for a in shown)
