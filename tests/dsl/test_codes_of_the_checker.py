"""Codes D02 to D05, and those of D07 that the checker gives: the wrong example gives the code and nothing else, the right one nothing."""

import pytest

from dsl.check import check, check_relation
from dsl.codes import all_codes
from dsl.load import load

GIVEN = ("D0714", "D0715", "D0716")
CODES = [c for name, c in all_codes().items() if "D02" <= name < "D06" or name in GIVEN]


def diagnostics(tmp_path, code, example):
    for name, text in code.files(example).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    catalogue = load([tmp_path], tmp_path)
    found = list(catalogue.diagnostics.items)
    for relation in catalogue.relations.values():
        found += check_relation(relation, catalogue.relations, catalogue.lists)[1]
    for detection in catalogue.detections.values():
        found += check(detection, catalogue.relations, catalogue.lists)[1]
    return found


@pytest.mark.parametrize("code", CODES, ids=lambda c: c.code)
def test_wrong_example(tmp_path, code):
    assert {d.code for d in diagnostics(tmp_path, code, code.wrong)} == {code.code}


@pytest.mark.parametrize("code", CODES, ids=lambda c: c.code)
def test_right_example(tmp_path, code):
    assert not diagnostics(tmp_path, code, code.right)
