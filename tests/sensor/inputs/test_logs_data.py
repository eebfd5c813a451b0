"""Real logs: all are read, counts are those of the manifest, both .evtx readers agree."""

from __future__ import annotations

import csv
import os
import random
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from sensor.inputs.damage import Damage
from sensor.inputs.evtx import read_evtx
from sensor.inputs.evtxchunk import python_reader, rust_reader
from sensor.inputs.evtxjson import record_of_json
from sensor.inputs.logs import read_log
from sensor.inputs.wintree import record_of_tree
from sensor.map.windows import map_record, mappings

DATA = Path(os.environ.get("ATP_DATA", Path(__file__).parents[4] / "shared" / "data"))
LOGS = {"evtx", "event-json", "event-xml"}
CHECKSUM = "evtx/omerbenamram+evtx/samples__security_bad_string_cache.evtx"

pytestmark = pytest.mark.data


def manifest():
    if not (DATA / "MANIFEST.csv").is_file():
        return []
    with (DATA / "MANIFEST.csv").open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["kind"] in LOGS]


ROWS = manifest()


@pytest.fixture(autouse=True)
def _needs_data():
    if not ROWS:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no data at {DATA}")
        pytest.skip(f"no data at {DATA} (set ATP_DATA)")


def expected(row):
    parts = (part.rsplit("=", 1) for part in row["protocol_or_event_ids"].split(";") if "=" in part)
    return {key: int(number) for key, number in parts}


def test_every_log_is_read_and_counted():
    wrong = {}
    for row in ROWS:
        summary = read_log(DATA / row["file"], lambda event: None)
        found = {k[7:]: n for k, n in summary.counters.items() if k.startswith("record ")}
        want = expected(row)
        # the manifest lists the most frequent ids of a large log, and Sysmon's under Security
        same = all(found.get(key) == number for key, number in want.items()) or {
            key.rpartition(":")[2] for key in found
        } == {key.rpartition(":")[2] for key in want}
        if not same or summary.records != int(row["packets_or_events"]):
            wrong[row["file"]] = (want, found)
        if summary.counters["log.map_failed"] or (summary.damages and row["file"] != CHECKSUM):
            wrong[row["file"]] = summary
    assert wrong == {}


def test_the_counts_of_the_reference():
    """docs/pages/windows_events.py tells how many public records test each mapping."""
    found: Counter[tuple[str, int]] = Counter()
    for row in ROWS:
        counters = read_log(DATA / row["file"], lambda event: None).counters
        for key, number in counters.items():
            log, _, event = key.removeprefix("record ").rpartition(":")
            if key.startswith("record ") and (log, int(event)) in mappings():
                found[log, int(event)] += number
    with (Path(__file__).parents[2] / "data" / "windows_public.csv").open(newline="") as stream:
        told = {(r["log"], int(r["event"])): int(r["records"]) for r in csv.DictReader(stream)}
    assert {key: n for key, n in told.items() if key in found} == found


def normal(value):
    """The libraries print GUIDs, padded hex and line ends differently."""
    value = value.strip("{}").lower().replace("\r", "")
    return re.sub(r"\A0x0*(?=[0-9a-f])", "0x", value)


def comparable(record):
    data = {k: normal(v) for k, v in record.data.items() if v.strip() and k not in {"1", "Binary"}}
    return (record.record_id, record.event_id, record.channel, record.computer, data)


def test_the_typed_way_tells_what_the_general_one_does():
    evtx = pytest.importorskip("evtx")
    compared = 0
    for row in ROWS:
        if row["kind"] != "evtx":
            continue
        try:
            texts = [r["data"] for r in evtx.PyEvtxParser(str(DATA / row["file"])).records_json()]
        except (RuntimeError, OSError):
            continue  # damaged: read chunk by chunk elsewhere
        for text in texts:
            tree = msgspec.json.decode(text)["Event"]
            assert record_of_json(text) == record_of_tree(tree), row["file"]
        compared += len(texts)
    assert compared > 10_000


def test_both_readers_agree():
    paths = [DATA / row["file"] for row in ROWS if row["kind"] == "evtx"]
    sample = [p for p in random.Random(1).sample(paths, len(paths)) if p.stat().st_size < 80_000]
    compared = 0
    for path in sample[:25]:
        both = []
        for reader in (rust_reader(), python_reader()):
            with path.open("rb") as stream:
                both.append(
                    [r for r in read_evtx(stream, reader=reader) if not isinstance(r, Damage)]
                )
        rust, python = both
        assert [comparable(r) for r in rust] == [comparable(r) for r in python], path.name
        # python-evtx computes times in floating point, exact to 2 us
        assert all(abs(a.ts - b.ts) <= 3 for a, b in zip(rust, python, strict=True)), path.name
        types = [[[type(e) for e in map_record(r)] for r in side] for side in both]
        assert types[0] == types[1], path.name
        compared += len(rust)
    assert compared > 100


def test_damaged_files_never_raise(tmp_path):
    rng = random.Random(2)
    counts: Counter[str] = Counter()
    paths = [DATA / row["file"] for row in ROWS if (DATA / row["file"]).stat().st_size < 200_000]
    target = tmp_path / "log"
    for path in rng.sample(paths, 60):
        whole = path.read_bytes()
        for _ in range(4):
            data = bytearray(whole)
            for _ in range(rng.choice([1, 20, 500])):
                data[rng.randrange(len(data))] = rng.randrange(256)
            target.write_bytes(data[: rng.randrange(len(data) // 2, len(data))])
            summary = read_log(target, lambda event: None)
            counts["records"] += summary.records
            counts["damages"] += summary.counters["log.damages"]
            counts["map_failed"] += summary.counters["log.map_failed"]
    assert counts["records"] > 0
    assert counts["damages"] > 0
    assert counts["map_failed"] == 0
