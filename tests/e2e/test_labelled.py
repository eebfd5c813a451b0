"""Labelled captures and event logs of others: every capture that surely holds an attack and most
logs that do are found, no benign one alerts.

`python bench/labelled.py` prints the table of all techniques.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.data, pytest.mark.slow]
PATH = Path(__file__).parents[2] / "bench" / "labelled.py"
LEAST = 0.85
"""Share of attacks found whose label is sure or likely."""


@pytest.fixture(scope="module")
def judged(atp_data, atp_lab):
    del atp_data, atp_lab  # these skip, or fail in CI, where the data are missing
    spec = importlib.util.spec_from_file_location("labelled", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["labelled"] = module
    spec.loader.exec_module(module)
    return module.judgements()


def test_nothing_false_is_said(judged):
    assert len([one for one in judged if one.kind == "benign"]) > 50
    assert [f"{a['detection']}: {one.file}" for one in judged for a in one.false] == []


def test_sure_attacks_are_found(judged):
    sure = [one for one in judged if one.kind == "attack" and one.confidence == "sure"]
    missed = [f"{one.technique}: {one.file}" for one in sure if not one.right]
    assert len(sure) >= 20
    assert [one for one in missed if ": pcap/" in one] == []
    assert len(missed) <= 0.05 * len(sure), missed


def test_most_likely_attacks_are_found(judged):
    firm = [one for one in judged if one.kind == "attack" and one.confidence != "unsure"]
    missed = [f"{one.technique}: {one.file}" for one in firm if not one.right]
    assert len(missed) <= (1 - LEAST) * len(firm), missed
