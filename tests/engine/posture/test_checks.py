"""Every check against directories of a few objects: what it finds, what it leaves, the boundary."""

import re
from pathlib import Path

import pytest
import yaml

from engine.posture import assess
from engine.posture.finding import SEVERITIES, Check

FOLDER = Path(__file__).parent / "cases"
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_case(estate, name, case):
    _, find = assess.load(name)
    found = find(estate(case.get("objects", ())))
    told = sorted(f"{f.object}: {f.value}" for f in found)
    assert told == sorted(case["expect"])


@pytest.mark.parametrize("name", assess.names())
def test_every_check_is_tried_both_ways(name):
    cases = [case for check, case in (p.values for p in CASES) if check == name]
    assert any(c["expect"] for c in cases)
    assert any(not c["expect"] for c in cases)
    assert len(cases) >= 2


@pytest.mark.parametrize("name", assess.names())
def test_what_a_check_says_of_itself(name):
    check, _ = assess.load(name)
    assert isinstance(check, Check)
    assert check.severity in SEVERITIES
    assert check.mitre
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", t) for t in check.mitre)
    for text in (check.why, check.remedy):
        assert text.endswith(".")
    assert not check.title.endswith(".")


def test_an_attribute_that_nobody_told_is_no_answer(estate):
    results = {r.id: r for r in assess.assess(estate())}
    assert results["replication_rights"].untold == "nTSecurityDescriptor"
    assert results["template_rights"].untold == "certificateTemplates"
    assert assess.no_authority(results["template_rights"])
    assert results["guest_enabled"].untold == ""


def test_only_what_is_wanted_is_run_and_the_gravest_comes_first(estate):
    found = assess.assess(estate(), ("guest_enabled", "krbtgt_password_age"))
    assert [r.id for r in found] == ["krbtgt_password_age", "guest_enabled"]
