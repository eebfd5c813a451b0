"""Every language case: the oracle and every backend give the rows that the case names."""

from __future__ import annotations

import pytest
from case_files import as_dict, case_names, read_case, shown, wanted
from naive import Evaluator
from naive_expressions import World

CASES = case_names()


def world(case) -> World:
    return World(lists={name: {v.lower() for v in values} for name, values in case.lists.items()})


@pytest.mark.parametrize(("path", "index", "name"), CASES, ids=[n for _, _, n in CASES])
def test_oracle(path, index, name, tmp_path):
    case = read_case(path, index, tmp_path)
    alerts = Evaluator(case.plan, [as_dict(e) for e in case.events], world(case)).alerts()
    for rows, expected in zip(alerts, case.rows, strict=True):
        assert shown(rows, expected) == wanted(expected)
