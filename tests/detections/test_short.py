"""The four detections that must read well: each logic within 25 lines (a state set up, replayed and
explained in the rule's own tests is worth nothing if nobody can read the rule).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dsl.load import load

DETECTIONS = Path(__file__).resolve().parents[2] / "detections"
MOST = 25


@pytest.mark.parametrize(
    "rule",
    [
        "credential_access/dcsync",
        "credential_access/password_spray",
        "credential_access/kerberoasting_unusual",
        "persistence/sensitive_group_addition",
    ],
)
def test_reads_within_a_screen(rule):
    loaded = load([DETECTIONS / f"{rule}.yaml"]).detections[rule.rpartition("/")[2]]
    lines = loaded.source.block("detect").rstrip().splitlines()
    assert len(lines) <= MOST
    assert max(map(len, lines)) <= 180
    assert loaded.tests
