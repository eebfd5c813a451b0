"""The synthetic event log of the examples is what its generator writes, and reads whole."""

from __future__ import annotations

import runpy
from pathlib import Path

from dsl.schema.registry import event_type
from sensor.inputs.logs import read_log

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_file_is_what_the_generator_writes():
    make = runpy.run_path(str(EXAMPLES / "make_events.py"))["make"]
    assert (EXAMPLES / "events.xml").read_text(encoding="utf-8") == make()


def test_the_intrusion_is_in_it():
    events = []
    summary = read_log(EXAMPLES / "events.xml", events.append)
    assert summary.damages == []
    assert summary.mapped == summary.records
    tries = [e for e in events if event_type(e) == "ntlm_auth" and e.source == "name:KIOSK7"]
    assert [e.outcome for e in tries] == ["wrong_password"] * 25 + ["success"]
    assert len({e.account for e in tries}) == 25
    late = [
        e
        for e in events
        if e.ts > tries[-1].ts and e.via in {"event_4728", "event_7045", "event_1102"}
    ]
    assert [event_type(e) for e in late] == ["group_change", "service_install", "audit_change"]
