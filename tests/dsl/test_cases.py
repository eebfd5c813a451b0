"""Every language case: the oracle and the backend give the rows that the case names."""

from __future__ import annotations

import pytest
from case_files import case_names, read_case, shown, wanted
from naive import Evaluator
from stored import LAST, differences, fill, plain_events

from engine.backends.duckdb import compile_detection
from engine.store import Store

CASES = case_names()


@pytest.mark.parametrize(("path", "index"), [c[:2] for c in CASES], ids=[c[2] for c in CASES])
def test_case(path, index, tmp_path):
    case = read_case(path, index, tmp_path)
    naive = Evaluator(case.plan, plain_events(case.events), case.world).alerts()
    for rows, expected in zip(naive, case.rows, strict=True):
        assert shown(rows, expected) == wanted(expected)
    store = Store()
    fill(store, case.events, case.world)
    compiled = compile_detection(case.plan)
    stored = [alert.rows(store.connection, 0, LAST) for alert in compiled.alerts]
    for rows, expected in zip(stored, case.rows, strict=True):
        assert shown(rows, expected) == wanted(expected)
    for one, other in zip(naive, stored, strict=True):
        assert not differences(one, other)
