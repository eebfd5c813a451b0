"""Sigma rules as data -> compiled detections, and Windows records in a store."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dsl.check import check
from dsl.load import load_text
from engine.backends.duckdb import compile_detection
from engine.sigma import detection
from engine.sigma.block import block_of
from engine.sigma.correlations import Correlations
from engine.sigma.documents import documents_of
from engine.sigma.rules import read
from engine.store import Store

LAST = 2**61


class Imported:
    """Rules of one text, read together."""

    def __init__(self, text: str, folder: Path) -> None:
        path = folder / "rules.yml"
        path.write_text(text, encoding="utf-8")
        self.documents = documents_of(path)
        self.read = read(self.documents)

    def block(self, number: int = 1):
        """The block of the rule or correlation at a place in the file. Raises RefusedError."""
        one = self.read[number - 1]
        assert not one.refused, one.refused
        ranges = {id(r.rule): r.document.ranges for r in self.read}
        if hasattr(one.rule, "timespan"):
            return Correlations(ranges).alert(one.rule)
        return block_of(one.rule)

    def plan(self, number: int = 1):
        """Its plan, through the file that would be written."""
        block = self.block(number)
        path = Path("x/sigma_rules.yaml")
        text = detection.file_of(self.read[number - 1], "sigma_rules", block)
        lists = {}
        for name, meant in block.lists.items():
            listed = detection.list_file(name, meant)
            lists |= load_text(Path(f"lists/{name}.yaml"), listed).lists
        catalogue = load_text(path, text)
        assert catalogue.detections, (text, catalogue.diagnostics.items)
        (made,) = catalogue.detections.values()
        plan, found = check(made, {}, lists)
        assert plan is not None, (text, found)
        return plan

    def rows(self, store: Store, number: int = 1):
        """The rows of its alert over what is in the store."""
        (alert,) = compile_detection(self.plan(number)).alerts
        return alert.rows(store.connection, 0, LAST)


@pytest.fixture
def imported(tmp_path):
    """Rules of a YAML text, or of a list of documents."""

    def make(rules) -> Imported:
        text = rules if isinstance(rules, str) else yaml.safe_dump_all(rules, allow_unicode=True)
        return Imported(text, tmp_path)

    return make


@pytest.fixture(scope="module")
def store():
    made = Store()
    yield made
    made.close()


@pytest.fixture
def put(store):
    """Replace the events of a type in the store; they get ids from 1."""

    def make(events):
        events = list(events)
        for kind in ("windows_event", "log_event"):
            store.connection.execute(f"DELETE FROM {kind}")
        for number, event in enumerate(events, start=1):
            event.id, event.sensor, event.seq = number, "s", number
            event.primary = True
        if events:
            store.append(events)
        return store

    return make
