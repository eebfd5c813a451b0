"""Every shipped detection with a threshold has three sensitivities, and more of it finds more.

On the rule's own tests: whatever is found at `low` is found at `medium`, and that at `high`.
"""

from dataclasses import replace

import pytest

from dsl.check import check
from dsl.load import load
from dsl.params import SENSITIVITIES
from dsl.teach import teach
from engine.alert_diff import compare
from engine.backends.duckdb import compile_detection
from engine.replay import replay
from engine.rule_tests import DetectionTests
from engine.running import Rule

SHAPES = {
    ("dns_tunnel", "min_length"), ("dns_tunnel", "min_entropy"), ("golden_ticket_time", "lifetime"),
}  # fmt: skip
"""Numbers that say what a thing looks like, not how much of it is too much."""


@pytest.fixture(scope="module")
def catalogue(root):
    return load([root / "detections"], root)


def thresholds(detection):
    params = detection.envelope.params.values()
    numbers = [p for p in params if p.type in ("int", "float")]
    return [p for p in numbers if (detection.id, p.name) not in SHAPES]


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        shipped = load([metafunc.config.rootpath / "detections"]).detections.values()
        metafunc.parametrize("name", [d.id for d in shipped if any(p.levels for p in d.envelope.params.values())])  # fmt: skip


def test_every_threshold_has_three_values(catalogue):
    missing = [
        f"{d.id}: {p.name}"
        for d in catalogue.detections.values()
        for p in thresholds(d)
        if not {"high", "low"} <= dict(p.levels).keys() or p.at("high") == p.at("low")
    ]
    assert missing == []
    assert sum(bool(thresholds(d)) for d in catalogue.detections.values()) >= 20


def test_higher_sensitivity_finds_no_less(catalogue, name):
    detection = catalogue.detections[name]
    setting = DetectionTests(detection, catalogue, compile_detection)._setting
    ready = {}
    for level in SENSITIVITIES:
        values = {n: p.at(level) for n, p in detection.envelope.params.items()}
        built, _ = check(detection, catalogue.relations, catalogue.lists, values)
        ready[level] = Rule(built, detection.envelope), compile_detection(built)
    found = dict.fromkeys(SENSITIVITIES, 0)
    taught = []
    for test in detection.tests:
        if test.using or test.params:
            continue
        if test.profile:  # a habit that counts sooner may excuse sooner, too
            taught.append(test)
            continue
        alerts = {}
        for level, (rule, compiled) in ready.items():
            done = replay([rule], test.events, lambda _, c=compiled: c, setting(replace(test)))
            alerts[level] = done.alerts
            found[level] += len(done.alerts)
            done.engine.store.close()
        for less, more in (("low", "medium"), ("medium", "high")):
            gone = compare(alerts[less], alerts[more]).only_old
            assert gone == [], f"{test.name}: at {more} less is found than at {less}"
    # medium is what the rule's own tests expect, and they are run for themselves
    found["medium"] += sum(len(test.expect) for test in taught)
    # of what was learnt only the sum counts, so those that find something come first
    for test in sorted(taught, key=lambda t: -len(t.expect)):
        if found["high"] >= found["medium"]:
            break
        plan, _ = teach(ready["high"][0].plan, test.profile)
        rule, made = Rule(plan, detection.envelope), compile_detection(plan)
        done = replay([rule], test.events, lambda _, c=made: c, setting(replace(test)))
        found["high"] += len(done.alerts)
        done.engine.store.close()
    assert found["high"] >= found["medium"] > 0
