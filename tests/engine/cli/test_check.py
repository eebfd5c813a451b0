"""check: complaints on one stream for people, on the other for programs."""

import json


def test_the_shipped_rules_are_sound(atp):
    done = atp("check")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(": no errors\n")


def test_faults_for_people(atp, rule):
    path = rule(**{"qtype == axfr": "qtpe == axfr"})
    done = atp("check", path)
    assert (done.code, done.out) == (1, "")
    assert "there is no" in done.err or "has no" in done.err
    assert "= hint: did you mean `qtype`?" in done.err
    assert "rules/discovery/zone_transfers.yaml:14:" in done.err


def test_faults_for_programs(atp, rule):
    path = rule(**{"qtype == axfr": "qtpe == axfr"})
    done = atp("check", path, "--format", "json")
    assert (done.code, done.err) == (1, "")
    (fault,) = map(json.loads, done.out.splitlines())
    assert (fault["severity"], fault["line"]) == ("error", 14)
    assert atp("check", path, "--format", "github").out.startswith("::error file=")


def test_a_sound_rule(atp, rule):
    done = atp("check", rule())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1 detections, ") or done.out.startswith("1 detection, ")
    assert atp("check", rule(), "--format", "json").out == ""


def test_two_rules_of_one_name(atp, rule, tmp_path):
    rule()
    rule(folder="rules/execution")
    done = atp("check", "rules")
    assert done.code == 1
    assert "`zone_transfers` is defined twice" in done.err


def test_texts_that_are_no_rules(atp, tmp_path):
    for name, data in (("a", b"\xff\xfe\x00"), ("b", b""), ("c", b"- 1\n"), ("d", b"a: [\n")):
        (tmp_path / f"{name}.yaml").write_bytes(data)
        done = atp("check", f"{name}.yaml")
        assert (done.code, done.out) == (1, "")
        assert f"{name}.yaml" in done.err


def test_hostile_rules(atp, rule, tmp_path):
    path = rule(title="Zone\x1b[2J\u202etransfer")
    done = atp("check", path)
    assert done.code == 1
    assert not {"\x1b", "\u202e"} & set(done.err)
