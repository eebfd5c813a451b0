"""Tests inside rules are run as live: what passes, what is said of what does not."""

from dataclasses import replace

import pytest

from dsl.load import load
from dsl.schema.ntlm import NtlmAuth
from engine.backends.duckdb import compile_detection
from engine.mutation import mutate
from engine.rule_tests import run_tests

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
  least: {type: int, default: 3, help: tries}
detect: |
  f = match wrong where not account in @quiet and not is_dc(source)
  w = window f by source over 1m compute n := count(), names := set(account) having n >= $least
  alert w as (source: source, names: names)
explain: "{{ source }} tried {{ names | names }}"
tests:
"""
RELATION = """\
atp: 1
id: wrong
title: Wrong passwords
description: A relation of the tests.
detect: |
  wrong = match ntlm_auth where outcome == wrong_password
tests:
  - name: a row
    given: [{ntlm_auth: {outcome: wrong_password, account: u1}}, {ntlm_auth: {outcome: success}}]
    expect: [{account: u1}]
  - name: no row
    given: [{ntlm_auth: {outcome: success}}]
    expect: [{account: u1}]
"""
LIST = """\
list: quiet
kind: account
description: A list of the tests.
entries: [{value: quiet1, owner: me, reason: because}]
"""
THREE = (
    "given: [{every: 10s, for: 3, ntlm_auth: {outcome: wrong_password, account: u, source: WS9}}]"
)


@pytest.fixture
def outcomes(tmp_path):
    def run(tests, decode=None, compiled_by=compile_detection, **options):
        for folder, name, text in (
            ("discovery", "tries", RULE + "".join(f"  - {t}\n" for t in tests)),
            ("relations", "wrong", RELATION),
            ("lists", "quiet", LIST),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{name}.yaml").write_text(text)
        catalogue = load([tmp_path])
        assert not catalogue.diagnostics.errors, catalogue.diagnostics.items
        return list(run_tests(catalogue, compiled_by, decode, **options))

    return run


def test_outcomes_and_differences(outcomes):
    given = [
        "{name: fires, " + THREE + ", expect: [{source: ws9, explain~: tried u, at: 20s}]}",
        "{name: wrong role, " + THREE + ", expect: [{source: ws8}]}",
        "{name: wrong time, " + THREE + ", expect: [{source: ws9, at: 10s}]}",
        "{name: silence, " + THREE + ", expect: []}",
        "{name: stricter, " + THREE + ", params: {least: 4}, expect: []}",
        "{name: excepted, " + THREE + ", lists: {quiet: [u]}, expect: []}",
        "{name: a controller, " + THREE + ", directory: [{host: ws9, tags: [dc]}], expect: []}",
    ]
    seen = {o.test: o for o in outcomes(given, rules=["tries"])}
    assert {name for name, o in seen.items() if o.passed} == {
        "fires", "stricter", "excepted", "a controller",
    }  # fmt: skip
    assert seen["wrong role"].complaints[0].startswith("expected {source: ws8}: source is ws9")
    assert "it fired at 20s, expected at 10s" in seen["wrong time"].complaints[0]
    assert seen["silence"].complaints == ("unexpected alert {source: ws9, names: [u]}",)
    assert (seen["fires"].rule, seen["fires"].line) == ("tries", 20)


def test_rows_of_a_relation_are_expected_like_alerts(outcomes):
    given = ["{name: fires, " + THREE + ", expect: [{source: ws9}]}"]
    good, bad = outcomes(given, rules=["wrong"])
    assert good.passed, good.complaints
    assert bad.complaints == ("expected {account: u1}: there is no alert",)


def test_recordings_are_decoded_by_whoever_can(outcomes, tmp_path):
    (tmp_path / "discovery").mkdir()
    (tmp_path / "discovery" / "x.pcap").write_bytes(b"")

    def decode(path):
        assert path.name == "x.pcap"
        return [
            NtlmAuth(ts=i, via="wire", outcome="wrong_password", src_ip="10.0.0.9")
            for i in range(3)
        ]

    given = ["{name: recorded, using: x.pcap, expect: [{source: 'ip:10.0.0.9'}]}"]
    (done,) = outcomes(given, decode, rules=["tries"])
    assert done.passed, done.complaints
    (not_run,) = outcomes(given, rules=["tries"])
    assert not_run.skipped
    assert not not_run.passed


CLAUSES = """  - name: three
    given: [{every: 10s, for: 3, ntlm_auth: {outcome: wrong_password, account: "u{{i}}", source: ws9}}]
    expect: [{source: ws9}]
"""
TWINS = """  - name: two
    given: [{every: 10s, for: 2, ntlm_auth: {outcome: wrong_password, account: "u{{i}}", source: ws9}}]
    expect: []
  - name: slowly
    given: [{every: 40s, for: 3, ntlm_auth: {outcome: wrong_password, account: "u{{i}}", source: ws9}}]
    expect: []
  - name: a quiet account
    given: [{every: 10s, for: 3, ntlm_auth: {outcome: wrong_password, account: quiet1, source: ws9}}]
    expect: []
"""


@pytest.mark.parametrize(
    ("tests", "left"),
    [
        (
            CLAUSES,
            {"$least", "1m", "n >= $least", "not account in @quiet", "not is_dc(source)",
             "not account in @quiet and not is_dc(source)"},
        ),
        (CLAUSES + TWINS, {"not is_dc(source)"}),
    ],
)  # fmt: skip
def test_clauses_that_no_test_needs_are_named(tmp_path, tests, left):
    for folder, name, text in (
        ("discovery", "tries", RULE + tests),
        ("relations", "wrong", RELATION),
        ("lists", "quiet", LIST),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    catalogue = load([tmp_path])
    found = mutate(catalogue.detections["tries"], catalogue, compile_detection)
    assert {s.clause for s in found.survivors} == left
    assert found.score == found.killed / (found.killed + len(found.survivors))
    assert all(RULE.splitlines()[s.line - 1].strip() for s in found.survivors)


def test_what_the_database_cannot_compute_is_told(outcomes):
    def broken(plan):
        compiled = compile_detection(plan)
        alerts = tuple(replace(a, gates=("SELECT nothing",)) for a in compiled.alerts)
        return replace(compiled, alerts=alerts)

    test = "{name: a, given: [{ntlm_auth: {outcome: success}}], expect: []}"
    done = outcomes([test], compiled_by=broken)
    assert any("nothing" in said for o in done for said in o.complaints)
