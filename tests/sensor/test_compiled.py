"""The compiled packet path does what the pure one does: the same events of every capture, byte for
byte, and the tests of decoders and wire pass on it. Builds it once, without optimisation.

Needs gcc and mypyc; where one is missing it is skipped with the reason, in continuous integration
(`CI=true`) it fails.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = Path(os.environ.get("ATP_LAB", ROOT.parent / "shared" / "lab")) / "capture"
DATA = Path(os.environ.get("ATP_DATA", ROOT.parent / "shared" / "data")) / "pcap"
EVENTS = """
import hashlib, json, sys
import msgspec
from sensor.inputs.captures import read_capture
from sensor.wire.build import WORD

found = {"build": WORD}
for path in sys.argv[1:]:
    digest = hashlib.sha256()
    number = 0
    def take(event):
        global number
        number += 1
        if hasattr(event, "password_tag"):
            event.password_tag = None  # made with a key of the process
        digest.update(msgspec.json.encode(event))
    summary = read_capture(path, take)
    counters = json.dumps(summary.counters, sort_keys=True)
    found[path] = [number, digest.hexdigest(), counters, summary.fault]
print(json.dumps(found))
"""

pytestmark = pytest.mark.slow


def missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    """A copy of the packages with the compiled modules beside their sources."""
    for program, there in (
        ("gcc", shutil.which("gcc")),
        ("mypyc", importlib.util.find_spec("mypyc")),
    ):
        if not there:
            missing(f"needs {program}")
    folder = tmp_path_factory.mktemp("compiled")
    for name in ("dsl", "engine", "sensor"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        env=dict(os.environ, ATP_COMPILE="1", ATP_OPT="0", CFLAGS="-O0 -g0 -w"),
        check=True,
        capture_output=True,
    )
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the packages of this folder."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=str(folder)),
        capture_output=True,
        text=True,
        check=False,
    )


def events(folder: Path, paths: list[str]) -> dict[str, object]:
    done = run(folder, "-c", EVENTS, *paths)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_events_of_all_captures_are_equal(compiled):
    paths = [str(ROOT / "examples" / "intrusion.pcap.gz")]
    for found, variable in ((LAB, "ATP_LAB"), (DATA, "ATP_DATA")):
        if not found.exists():
            missing(f"{found} is missing: set {variable}")
        paths += sorted(str(path) for path in found.rglob("*cap*") if path.is_file())
    ours, theirs = events(ROOT, paths), events(compiled, paths)
    assert (ours.pop("build"), theirs.pop("build")) == ("pure Python", "compiled")
    assert [path for path in paths if ours[path] != theirs[path]] == []
    assert sum(found[0] for found in ours.values()) > 10_000


def test_decoders_and_wire(compiled):
    done = run(
        compiled, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider",
        "tests/sensor/decode", "tests/sensor/wire",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
