"""Tests of rules: building on one another, what they set, what is refused."""

import pytest

from dsl.given import BASE

MINUTE = 60_000_000
FIRST = """\
tests:
  - name: first
    directory: [{account: alice}]
    lists: {example: [ws1]}
    given:
      - {every: 20s, for: 3, kerberos_as: {account: a}}
      - {at: 5m, kerberos_tgs: {account: b}}
    expect: []
"""


def rule_tests(loaded, more="", params=""):
    catalogue = loaded(params + FIRST + more)
    assert catalogue.diagnostics.items == []
    return catalogue.detections["example"].tests


def offsets(test):
    return [(e.ts - BASE) / MINUTE for e in test.events]


def twin(lines):
    return "  - name: twin\n    extends: first\n    expect: []\n" + "".join(
        f"    {x}\n" for x in lines
    )


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("{last: -6m}", [-1, 0, 1 / 3, 2 / 3]),
        ("{first: 10m}", [5, 10, 10 + 1 / 3, 10 + 2 / 3]),
        ("{all: 1m}", [1, 1 + 1 / 3, 1 + 2 / 3, 6]),
        ("{1: 1m}", [0, 1 / 3, 2 / 3, 6]),
        ("{0: 1m, last: 1m}", [1, 1 + 1 / 3, 1 + 2 / 3, 6]),
    ],
)
def test_shift_moves_entries(loaded, shift, expected):
    _, test = rule_tests(loaded, twin([f"shift: {shift}"]))
    assert offsets(test) == pytest.approx(expected)


def test_a_twin_takes_over_all_but_what_it_expects(loaded):
    first, test = rule_tests(loaded, twin(["given+: [{at: 9m, dns_query: {query: q}}]"]))
    assert offsets(test) == [*offsets(first), 9]
    assert (test.directory, test.lists) == (first.directory, {"example": ("ws1",)})


def test_shift_comes_before_what_is_added(loaded):
    more = twin(["given+: [{at: 9m, dns_query: {query: q}}]", "shift: {last: 1m}"])
    assert offsets(rule_tests(loaded, more)[1])[-2:] == [6, 9]


def test_a_twin_may_have_its_own(loaded):
    lines = [
        "given: [{kerberos_as: {account: c}}]", "directory: [{host: dc1}]", "lists: {example: [x, y]}",
    ]  # fmt: skip
    _, test = rule_tests(loaded, twin(lines))
    assert (len(test.events), test.directory[0].name) == (1, "dc1")
    assert test.lists == {"example": ("x", "y")}


def test_parameters(loaded):
    params = "params:\n  many: {type: duration, default: 1m, max: 1h, help: x}\n"
    _, test = rule_tests(loaded, twin(["params: {many: 5m}"]), params)
    assert test.params == {"many": 5 * MINUTE}


def test_the_place_of_a_test(loaded):
    catalogue = loaded(FIRST)
    test = catalogue.detections["example"].tests[0]
    line = catalogue.texts["discovery/example.yaml"].split("\n")[test.span.line - 1]
    assert line == "  - name: first"


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (["shift: {second: 5m}"], ["D0709"]),
        (["shift: {2: 5m}"], ["D0709"]),
        (["shift: {last: soon}"], ["D0606"]),
        (["params: {many: 5}"], ["D0707"]),
        (["using: [none.pcap]"], ["D0710"]),
        (["profile: {usual: [{n: 3}]}"], ["D0705"]),
        (["profile: {usual: [{key: {account: u}, first_seen: 3d}]}"], ["D0705"]),
        (["profile: {usual: 3}"], ["D0606"]),
        (["observed: soon"], ["D0606"]),
        (["observed: -3d"], ["D0705"]),
        (["givn: []"], ["D0604"]),
    ],
)
def test_faults(told, lines, codes):
    assert [c for c, _ in told(FIRST + twin(lines))] == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("  - name: a\n    extends: b\n    expect: []\n", ["D0706"]),
        ("  - name: a\n    expect: []\n", ["D0712"]),
        ("  - name: a\n    extends: first\n", ["D0712"]),
        ("  - name: first\n    extends: first\n    expect: []\n", ["D0712"]),
        ("  - extends: first\n    expect: []\n", ["D0605"]),
        ("  - first\n", ["D0606"]),
    ],
)
def test_incomplete_tests(told, text, codes):
    assert [c for c, _ in told(FIRST + text)] == codes


def test_a_later_test_is_told_from_an_unknown_one(loaded):
    more = "  - name: b\n    extends: c\n    expect: []\n  - name: c\n    extends: first\n    expect: []\n"
    (fault,) = loaded(FIRST + more).diagnostics.items
    assert fault.hint == "put that test before this one"


def test_recordings(loaded, tmp_path):
    (tmp_path / "discovery").mkdir()
    (tmp_path / "discovery" / "a.pcap").write_bytes(b"")
    catalogue = loaded("tests:\n  - name: x\n    using: [a.pcap]\n    expect: []\n")
    (test,) = catalogue.detections["example"].tests
    assert [p.name for p in test.using] == ["a.pcap"]
    assert test.events == ()
