"""Boundary twins: lengths that no test stands beyond are named, others are not."""

import pytest

from dsl.codes import all_codes
from dsl.load import load
from engine.backends.duckdb import compile_detection
from engine.boundaries import without_twin

FRAME = """\
atp: 1
id: example
version: 1
title: An example
severity: low
confidence: 50
kill_chain: reconnaissance
mitre: [T1110]
description: An example.
false_positives: [none]
known_gaps: [none]
explain: "{{ source }}"
detect: |
"""
ROWS = """\
  f = match ntlm_auth where outcome == wrong_password
  ok = match ntlm_auth where outcome == success
"""
SEQUENCE = "  s = sequence by source within $long: f then ok\n  alert s as (source: source)\n"
ABSENCE = "  s = absence of ok following f by source within 5m\n  alert s as (source: source)\n"
WINDOW = (
    "  s = window f by source over 5m compute n := count() having n >= 2\n"
    "  alert s as (source: source)\n"
)
JOIN = "  s = join f with ok on source within 5m after\n  alert s as (source: source)\n"
PARAMS = "params:\n  long: {type: duration, default: 5m, help: x}\n"


def told(tmp_path, block, *tests, params=""):
    """Lines of what is missing; a test is (second event, its minute, whether it fires)."""
    text = FRAME + ROWS + block + params + "tests:\n"
    for outcome, minute, fires in tests:
        expect = "[{source: h}]" if fires else "[]"
        text += (
            f"  - name: '{outcome} {minute}'\n    given:\n"
            "      - {ntlm_auth: {outcome: wrong_password, source: h}}\n"
            f"      - {{at: {minute}m, ntlm_auth: {{outcome: {outcome}, source: h}}}}\n"
            f"    expect: {expect}\n"
        )
    if not tests:
        text = text.removesuffix("tests:\n")
    path = tmp_path / "discovery" / "example.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    catalogue = load([path])
    assert catalogue.diagnostics.items == []
    (detection,) = catalogue.detections.values()
    return list(without_twin(detection, catalogue, compile_detection))


@pytest.mark.parametrize(
    ("block", "params", "near", "beyond"),
    [
        (WINDOW, "", ("wrong_password", 1, True), ("wrong_password", 6, False)),
        (SEQUENCE, PARAMS, ("success", 1, True), ("success", 6, False)),
        (ABSENCE, "", ("success", 1, False), ("success", 6, True)),
    ],
    ids=["window", "sequence", "absence"],
)
def test_a_twin_is_demanded_of_each_length(tmp_path, request, block, params, near, beyond):
    (found,) = told(tmp_path / "a", block, near, params=params)
    assert found.code == "D0801"
    assert found.message == f"no test stands beyond the length of this {request.node.callspec.id}"
    line = (
        (tmp_path / "a" / "discovery" / "example.yaml")
        .read_text()
        .splitlines()[found.span.line - 1]
    )
    assert line[found.span.column - 1 :].startswith(("5m", "$long"))
    assert told(tmp_path / "b", block, near, beyond, params=params) == []
    # too far beyond shows nothing: twice the length leaves it outside as well
    too_far = (beyond[0], 30, beyond[2])
    assert len(told(tmp_path / "c", block, near, too_far, params=params)) == 1


def test_joins_and_rules_without_tests_are_left_alone(tmp_path):
    assert told(tmp_path / "a", JOIN, ("success", 1, True)) == []
    assert told(tmp_path / "b", WINDOW) == []


def test_the_examples_of_the_code(tmp_path):
    code = all_codes()["D0801"]
    for example, number in ((code.wrong, 1), (code.right, 0)):
        (text,) = code.files(example).values()
        path = tmp_path / str(number) / "discovery" / "example.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        catalogue = load([path])
        found = list(without_twin(catalogue.detections["example"], catalogue, compile_detection))
        assert [f.code for f in found] == ["D0801"] * number
