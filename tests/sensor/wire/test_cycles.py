"""Reading leaves no rings of references: what a capture made dies when it ends, without Python's
collector, which `engine.collection` lets look seldom."""

from __future__ import annotations

import gc

import pytest

from sensor.inputs.captures import blocks
from sensor.inputs.packets import Packets
from sensor.wire.drive import Driver

LARGE = 1_000_000


def left_by(path):
    """Unreachable objects that only the collector finds after the file was read."""
    driver = Driver("probe", lambda _event: None)
    gc.collect()
    gc.disable()
    try:
        with path.open("rb") as file:
            for item in blocks(file):
                if isinstance(item, Packets):
                    driver.packets(item.data, item.linktype, item.times, item.starts, item.ends)
        driver.close()
        assert driver.counters()["wire.packets"] > 0
        return gc.collect()
    finally:
        gc.enable()


@pytest.mark.data
def test_no_ring_outlives_its_connection(atp_data, atp_lab):
    found = [*(atp_lab / "capture").glob("*.pcap"), *(atp_data / "pcap").rglob("*cap")]
    paths = [path for path in found if path.is_file() and path.stat().st_size < LARGE]
    assert len(paths) > 100
    assert {path.name: left for path in paths if (left := left_by(path))} == {}


@pytest.mark.data
def test_a_ring_would_be_found(monkeypatch, atp_lab):
    class Ring:
        def __init__(self):
            self.own = self

    monkeypatch.setattr(Driver, "close", lambda _driver: Ring())
    assert left_by(next((atp_lab / "capture").glob("*.pcap"))) > 0
