"""Where the tests find real captures and the lab, and what happens where these are absent.

`$ATP_DATA` is a folder of real captures and logs with a MANIFEST.csv, `$ATP_LAB` the lab's scripts
and recordings. Absent: skipped with the reason; in continuous integration (`CI=true`): a failure.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import netns
import pytest

ROOT = Path(__file__).resolve().parent.parent


def _folder(variable: str, default: str, marker: str) -> Path:
    folder = Path(os.environ.get(variable) or ROOT / ".." / default).resolve()
    if (folder / marker).exists():
        return folder
    reason = f"needs ${variable}: no {marker} in {folder}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Commands remember compiled detections; not in the folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def atp_data() -> Path:
    """Real captures and logs with expected results."""
    return _folder("ATP_DATA", "shared/data", "MANIFEST.csv")


@pytest.fixture(scope="session")
def atp_lab() -> Path:
    """The lab: its scripts, and recordings under capture/."""
    return _folder("ATP_LAB", "shared/lab", "capture/labels.csv")


@pytest.fixture
def cable():
    """A private network namespace with a cable in it (`netns.Namespace`), for live capture."""
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(netns.cable())
        except netns.Unavailable as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"no network namespace: {error}")
            pytest.skip(f"no network namespace: {error}")
