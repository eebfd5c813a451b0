"""explain: detections by id or file, codes."""

import pytest

from dsl.codes import all_codes


def test_a_detection(atp, rule):
    for name in ("dcsync", rule()):
        done = atp("explain", name)
        assert (done.code, done.err) == (0, "")
        assert " = match " in done.out
        assert "known gaps\n  - " in done.out


def test_plan_and_sql(atp, rule):
    done = atp("explain", rule(), "--plan", "--sql")
    assert done.code == 0
    assert "-- alert statement 1" in done.out
    assert "SELECT" in done.out


@pytest.mark.parametrize("code", sorted(all_codes()))
def test_every_code(atp, code):
    done = atp("explain", code)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{code}: ")
    assert "\nwrong\n    " in done.out
    assert "\nright\n    " in done.out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dcsnc", "error: there is no detection `dcsnc`\n  = hint: did you mean `dcsync`?\n"),
        ("zzzz", "error: there is no detection `zzzz`\n"),
        ("D9999", "error: there is no code `D9999`\n"),
        ("no.yaml", "error: no.yaml: No such file or directory\n"),
        ("./no", "error: no: No such file or directory\n"),
        ("a\x1b[2Jb", "error: there is no detection `a\\x1b[2Jb`\n"),
    ],
)
def test_names_that_are_none(atp, name, told):
    done = atp("explain", name)
    assert (done.code, done.out) == (2, "")
    assert done.err == told


def test_a_rule_with_errors(atp, rule):
    done = atp("explain", rule(**{"qtype == axfr": "qtpe == axfr"}))
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("error: `zone_transfers` has errors\n")


def test_hostile_texts(atp, rule):
    done = atp(
        "explain", rule(**{"A rule of the tests.": "A rule\tof tests."}, title='"a\\u202eb"')
    )
    assert done.code == 0
    assert done.out.startswith("a\\u202eb\n")
    assert "\t" not in done.out
