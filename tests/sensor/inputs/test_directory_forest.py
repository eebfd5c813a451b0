"""A forest: its domains are found in the configuration, and each is synchronised once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("ldap3")

from sensor.inputs.directory.forest import Forest
from sensor.inputs.directory.place import Account, place_of
from sensor.inputs.directory.source import Source


class Fake:
    """A synchronisation of one domain that tells its name."""

    def __init__(self, source):
        self.source, self.name, self.fault, self.problem = source, source.sensor, "", ""
        self.forest = {}
        self.closed = False

    def take(self):
        return [self.name]

    def complaints(self):
        return {"directory": self.problem}

    def close(self):
        self.closed = True
        return [f"last of {self.name}"]


@pytest.fixture
def forest():
    begun = []

    def begin(source):
        begun.append(Fake(source))
        return begun[-1]

    accounts = (Account("atp@corp.test", "x"),)
    source = Source((place_of("ldap://dc1.corp.test:3890"),), accounts)
    return SimpleNamespace(source=Forest(source, begin, {"named.test"}), begun=begun)


def test_domains_begin_when_they_are_found(forest):
    assert forest.source.take() == ["directory:dc1.corp.test"]
    forest.begun[0].forest = {
        "corp.test": ["dc1.corp.test"],
        "emea.corp.test": ["dc3.emea.corp.test", "dc4.emea.corp.test"],
        "named.test": ["dc9.named.test"],
        "empty.corp.test": [],
    }
    assert forest.source.take() == ["directory:dc1.corp.test", "directory:emea.corp.test"]
    assert len(forest.source.take()) == len(forest.begun) == 2
    child = forest.begun[1].source
    assert [p.name for p in child.places] == [
        "ldap://dc3.emea.corp.test:3890", "ldap://dc4.emea.corp.test:3890",
    ]  # fmt: skip
    assert (child.accounts, child.domain) == (forest.begun[0].source.accounts, "emea.corp.test")
    forest.begun[0].forest["empty.corp.test"] = ["dc7.empty.corp.test"]
    assert len(forest.source.take()) == 3


def test_what_goes_wrong_is_told_by_domain(forest):
    forest.begun[0].forest = {"emea.corp.test": ["dc3.emea.corp.test"]}
    forest.source.take()
    one, other = forest.begun
    other.problem = "nobody is there"
    assert forest.source.complaints() == {
        "directory": "",
        "directory emea.corp.test": "nobody is there",
    }
    assert forest.source.fault == ""
    other.fault = "broken"
    assert forest.source.fault == "broken"
    assert forest.source.close() == [f"last of {one.name}", f"last of {other.name}"]
    assert one.closed
    assert other.closed
