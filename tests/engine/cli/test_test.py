"""test: how the tests inside rules went."""

import json
from xml.etree import ElementTree as ET

FAILING = {"    expect: []": "    expect: [{source: ws9}]"}


def test_passing(atp, rule):
    done = atp("test", rule())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1 passed, 0 failed (1 rules") or done.out.startswith("1 passed, 0")
    assert "ok   zone_transfers: nothing\n" in atp("test", rule(), "-v").out


def test_failing(atp, rule):
    done = atp("test", rule(**FAILING))
    assert done.code == 1
    assert done.out.startswith(
        "FAIL zone_transfers: nothing  (rules/discovery/zone_transfers.yaml:"
    )
    assert "\n0 passed, 1 failed" in done.out


def test_for_programs(atp, rule):
    (good,) = map(json.loads, atp("test", rule(), "--format", "json").out.splitlines())
    assert (good["rule"], good["test"], good["passed"], good["complaints"]) == (
        "zone_transfers", "nothing", True, [],
    )  # fmt: skip
    done = atp("test", rule(**FAILING), "--format", "json")
    (bad,) = map(json.loads, done.out.splitlines())
    assert not bad["passed"]
    assert done.code == 1


def test_only_what_is_named(atp, rule, tmp_path):
    one = rule()
    rule("others", **{"qtype == axfr": "qtype == mx"})
    lines = atp("test", one, "--format", "json").out.splitlines()
    assert {json.loads(line)["rule"] for line in lines} == {"zone_transfers"}
    lines = atp("test", "rules", "--format", "json").out.splitlines()
    assert {json.loads(line)["rule"] for line in lines} == {"zone_transfers", "others"}


def test_rules_with_errors_are_no_success(atp, rule):
    done = atp("test", rule(**{"severity: high": "severity: hihg"}))
    assert done.code == 1
    assert "error[D06" in done.err


def test_hostile_names(atp, rule):
    done = atp("test", rule(**{"name: nothing": 'name: "a\\u202e\\e[2Jb"'}), "-v")
    assert "ok   zone_transfers: a\\u202e\\x1b[2Jb" in done.out


def test_clauses_that_no_test_needs(atp, rule):
    path = rule(**{"{dns_query: {query: a}}": "{ldap_search: {base: a}}"})
    done = atp("test", path, "--mutate")
    assert done.code == 0
    assert "0.00 zone_transfers\n" in done.out
    assert ": without the clause: qtype == axfr\n" in done.out
    assert atp("test", path, "--mutate", "--least", "0.8").code == 1
    (_, row) = map(json.loads, atp("test", path, "--mutate", "--format", "json").out.splitlines())
    assert (row["killed"], row["score"], row["survivors"][0]["clause"]) == (0, 0.0, "qtype == axfr")


def test_for_continuous_integration(atp, rule, tmp_path):
    report = tmp_path / "report.xml"
    assert atp("test", rule(**FAILING), "--junit", str(report)).code == 1
    root = ET.parse(report).getroot()
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        "zone_transfers", "1", "1",
    )  # fmt: skip
    (case,) = suite
    assert (case.get("name"), case.get("file")) == (
        "nothing",
        "rules/discovery/zone_transfers.yaml",
    )
    assert case.find("failure").text
    assert atp("test", rule(), "--junit", str(report)).code == 0
    assert ET.parse(report).getroot().find("testsuite/testcase/failure") is None
