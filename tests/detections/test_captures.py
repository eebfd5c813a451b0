"""Captures of the repository (`tests/data/wire`, recorded in the lab) and what detections say of them.

`expected.yaml` there names the detections that must speak, and some that must not. Rules are read
by their id, whatever folder they are in.
"""

from pathlib import Path

import pytest
import yaml

from dsl.schema.registry import event_types
from engine.cli.rules import load_rules
from engine.directory_file import read_directory_file
from engine.replay import Setting, replay
from sensor.inputs.files import read_file

ROOT = Path(__file__).resolve().parents[2]
WIRE = ROOT / "tests" / "data" / "wire"
ROWS = yaml.safe_load((WIRE / "expected.yaml").read_text())


@pytest.fixture(scope="module")
def paths():
    return {p.stem: p for p in (ROOT / "detections").glob("*/*.yaml")}


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda r: r["capture"] + ("-watched" if r.get("watched") else "")
)
def test_what_is_said_of_a_capture(row, paths, tmp_path):
    silent = row.get("silent", [])
    loaded = load_rules(tuple(paths[i] for i in [*row["expected"], *silent]))
    events = []
    read_file(WIRE / f"{row['capture']}.pcap.gz", events.append)
    directory = None
    if "directory" in row:
        file = tmp_path / "directory.yaml"
        file.write_text(yaml.safe_dump(row["directory"]))
        directory, wrong = read_directory_file(file)
        assert not wrong
    covered = list(event_types()) if row.get("watched") else None
    setting = Setting(directory, loaded.rows, covered)
    done = replay(loaded.rules, events, loaded.compile_detection, setting)
    said = {a.detection for a in done.alerts}
    done.engine.store.close()
    assert set(row["expected"]) <= said
    assert said.isdisjoint(silent)


def test_every_capture_is_judged():
    judged = {row["capture"] for row in ROWS}
    assert judged == {p.name.removesuffix(".pcap.gz") for p in WIRE.glob("*.pcap.gz")}
