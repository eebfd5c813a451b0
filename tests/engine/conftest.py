"""Detections from a few lines of text, for tests of the engine."""

from functools import cache
from pathlib import Path

import pytest

from dsl.check import check
from dsl.load import load
from engine.backends.duckdb import compile_detection
from engine.running import Rule

ENVELOPE = """\
atp: 1
id: {name}
version: 1
title: A rule
severity: medium
confidence: 80
kill_chain: reconnaissance
mitre: [T1110]
description: A rule of the tests.
false_positives: [none]
known_gaps: [none]
explain: "{{{{ source }}}} did it"
tests:
  - {{name: nothing, given: [{{dns_query: {{query: a}}}}], expect: []}}
detect: |
"""


@pytest.fixture(scope="session")
def rule_of(tmp_path_factory):
    """name, block [, params] -> (Rule, its compiled form); compiled once a session."""

    @cache
    def build(name: str, block: str, params: str = "") -> tuple[Rule, object]:
        folder: Path = tmp_path_factory.mktemp("rules") / "tests_of_the_engine"
        folder.mkdir()
        indented = "".join(f"  {line}\n" for line in block.strip().splitlines())
        text = ENVELOPE.format(name=name) + indented + params
        (folder / f"{name}.yaml").write_text(text)
        catalogue = load([folder])
        assert not catalogue.diagnostics.errors, catalogue.diagnostics.items
        detection = catalogue.detections[name]
        built, found = check(detection, {}, {})
        assert built is not None, [d.message for d in found]
        return Rule(built, detection.envelope), compile_detection(built)

    return build
