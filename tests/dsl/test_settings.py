"""An installation's settings of detections, and complaints about them with line and remedy."""

from __future__ import annotations

import pytest

from dsl.load import load
from dsl.settings import read_settings

RULE = """\
atp: 1
id: tries
version: 1
title: Tries
severity: medium
confidence: 80
kill_chain: reconnaissance
mitre: [T1110]
description: A rule of the tests.
false_positives: [none]
known_gaps: [none]
params:
  least: {type: int, default: 10, min: 3, max: 100, medium: 8, low: 5, help: tries}
  over: {type: duration, default: 10m, help: time}
detect: |
  w = window ntlm_auth by source over $over compute n := count() having n >= $least
  alert w as (source: source)
explain: "{{ source }}"
tests: [{name: none, given: [{ntlm_auth: {source: a}}], expect: []}]
"""


@pytest.fixture
def settings(tmp_path):
    folder = tmp_path / "discovery"
    folder.mkdir()
    (folder / "tries.yaml").write_text(RULE, encoding="utf-8")
    catalogue = load([folder])
    assert not catalogue.diagnostics.errors

    def read(text):
        path = tmp_path / "settings.yaml"
        path.write_text(text, encoding="utf-8")
        return read_settings(path, catalogue.detections)

    return read


MINUTE = 60_000_000


@pytest.mark.parametrize(
    ("text", "params", "disabled"),
    [
        ("sensitivity: low", {"least": 5, "over": 10 * MINUTE}, {}),
        ("detections: {tries: {sensitivity: medium}}", {"least": 8, "over": 10 * MINUTE}, {}),
        ("detections: {tries: {params: {over: 1h}}}", {"over": 60 * MINUTE}, {}),
        (
            "sensitivity: low\ndetections: {tries: {sensitivity: high, params: {over: 1m}}}",
            {"least": 10, "over": MINUTE},
            {},
        ),
        (
            "sensitivity: low\ndetections: {tries: {params: {least: 4}}}",
            {"least": 4, "over": 10 * MINUTE},
            {},
        ),
        ("detections: {tries: {disabled: too loud}}", {}, {"tries": "too loud"}),
    ],
)
def test_values_in_force(settings, text, params, disabled):
    found, complaints = settings(text)
    assert complaints == []
    assert found.params.get("tries", {}) == params
    assert found.disabled == disabled


@pytest.mark.parametrize(
    ("text", "frozen"),
    [
        ("frozen: 2027-01-31", 1_801_353_600_000_000),
        ("frozen: 2027-01-31\ndetections: {tries: {frozen: 2027-02-01}}", 1_801_440_000_000_000),
        ("sensitivity: low", None),
    ],
)
def test_profiles_are_frozen(settings, text, frozen):
    found, complaints = settings(text)
    assert complaints == []
    assert found.frozen.get("tries") == frozen


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("sensitivity: middle", 1, ("middle", "`high`, `medium`, `low`")),
        ("\ndetections: {trie: {}}", 2, ("no detection `trie`", "did you mean `tries`?")),
        ("detections:\n  tries:\n    params: {leest: 4}", 3, ("no parameter `leest`", "`least`")),
        ("detections:\n  tries:\n    params: {least: 2}", 3, ("less than the least", "tries")),
        ("detections:\n  tries:\n    params: {over: 5}", 3, ("not a duration",)),
        ("detections: {tries: {off_: why}}", 1, ("off_",)),
        ("frozen: last spring", 1, ("`last spring` is no day", "2027-01-31")),
        ("sensitivities: low", 1, ("sensitivities", "did you mean `sensitivity`?")),
    ],
)
def test_complaints(settings, text, line, words):
    _, (complaint,) = settings(text)
    assert complaint.span.line == line
    said = f"{complaint.message} {complaint.hint}"
    assert all(word in said for word in words), said
