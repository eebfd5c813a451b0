"""The wheel holds all that the commands need: what is read at run time is no module and easily
forgotten, since an editable installation finds it anyway.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.slow


def test_the_pure_wheel_is_complete(root, tmp_path):
    copy = tmp_path / "source"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", root.as_uri(), copy], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", tmp_path, copy], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    folder = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    shipped = {p.relative_to(root) for p in (root / "detections").rglob("*.yaml")}
    assert shipped == {p.relative_to(folder) for p in (folder / "detections").rglob("*.yaml")}
    for kind in ("languages/*.po", "static/**/*.*", "templates/*.html"):
        shipped = {p.relative_to(root) for p in (root / "portal").glob(kind)}
        assert shipped <= {p.relative_to(folder) for p in (folder / "portal").glob(kind)}
    run = [sys.executable, "-c", "from engine.cli.main import main; main()"]
    done = subprocess.run(
        [*run, "replay", str(root / "examples" / "intrusion.pcap.gz"), "--format", "json"],
        cwd=folder, env={"PYTHONPATH": str(folder), "PATH": "/usr/bin", "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 10
