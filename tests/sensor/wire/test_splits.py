"""The same traffic in other segments gives the same events: real captures, every TCP payload cut
into pieces of a size. Framers that only ever saw whole messages fail here."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from resegment import resegment

from sensor.inputs import captures
from sensor.inputs.packets import Packets
from sensor.wire.drive import Driver

ROOT = Path(__file__).parents[3]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab")) / "capture"
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data")) / "pcap"
SIZES = (1000, 100, 13, 7, 3, 2, 1)


def frames_of(path: Path, limit: int | None = None):
    found = []
    with path.open("rb") as file:
        for item in captures.blocks(file):
            if isinstance(item, Packets):
                spans = zip(item.times, item.starts, item.ends, strict=True)
                found += [(item.linktype, ts, item.data[o:e]) for ts, o, e in spans]
    return found[:limit]


def events_of(frames, size: int | None):
    events = []
    driver = Driver("probe", lambda event: events.append(msgspec.json.encode(event)))
    for linktype, ts, frame in frames:
        for part in [frame] if size is None or linktype != 1 else resegment(frame, size):
            driver.packet(ts, part, linktype)
    driver.close()
    assert driver.fault is None
    return events


def needed(path: Path, variable: str) -> Path:
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing: set {variable}")
        pytest.skip(f"{path} is missing: set {variable}")
    return path


@pytest.mark.parametrize("size", SIZES)
def test_bundled_recording(size):
    frames = frames_of(ROOT / "examples" / "intrusion.pcap.gz", 2_000)
    whole = events_of(frames, None)
    assert len(whole) > 100
    assert events_of(frames, size) == whole


@pytest.mark.lab
@pytest.mark.parametrize(
    ("name", "size"),
    [("benign", s) for s in SIZES] + [("suspicious", s) for s in (100, 7, 1)] + [("dcjoin", 100)],
)
def test_lab(name, size):
    frames = frames_of(needed(LAB / f"{name}.pcap", "ATP_LAB"))
    assert events_of(frames, size) == events_of(frames, None)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_captures_of_others(size):
    """Small ones at every size, larger ones at the sizes that cost little; with ATP_SPLITS=all every
    one at every size, the lab's too (half an hour).
    """
    differ = []
    every = os.environ.get("ATP_SPLITS") == "all"
    # a fuzzer's file holds no messages that could be found again
    paths = list(needed(DATA, "ATP_DATA").rglob("*.*cap*"))
    assert paths
    if every:
        paths += needed(LAB, "ATP_LAB").glob("*.pcap")
    for path in paths:
        if every or path.stat().st_size < min(1000 * size, 100_000) or path.stat().st_size < 10_000:
            frames = frames_of(path)
            if events_of(frames, size) != events_of(frames, None):
                differ.append(path.name)
    assert differ == []
