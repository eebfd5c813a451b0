"""Records on which another product's correlations fire (open-xp-rules): ours fire, too."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SAMPLES = "events/Security-Experts-Community+open-xp-rules"
FIRES = [
    ("persist__DSRM_Password_Changed__raw_events_1", "persistence/dsrm_password_set"),
    ("persist__DSRM_Password_Changed__raw_events_2", "persistence/dsrm_password_set"),
    ("defense_evasion__DCShadow_Attack__raw_events_1", "defense_evasion/dcshadow_promotion"),
    ("priv_esc__sAMAccountName_Spoofing__raw_events_1", "privilege_escalation/samaccountname_spoofing"),
]  # fmt: skip
"""Their correlation's sample, and the detection of the same technique."""


@pytest.mark.data
@pytest.mark.parametrize(("sample", "rule"), FIRES, ids=lambda v: v.rpartition("/")[2])
def test_the_same_technique_is_told(atp_data, root, sample, rule):
    path = atp_data / SAMPLES / f"corr__mitre_attck_{sample}.json"
    folder = root / "detections"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "engine.cli", "replay", path, "--format", "json"),
            *("--detections", folder / f"{rule}.yaml", "--detections", folder / "relations"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    assert {alert["detection"] for alert in alerts} == {rule.rpartition("/")[2]}
