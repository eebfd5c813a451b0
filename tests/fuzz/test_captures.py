"""A few hundred cases of the capture fuzzer, and that it tells of a defect."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "fuzz" / "captures.py"


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz_captures", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pieces(fuzzer):
    return fuzzer.pieces()


@pytest.mark.parametrize("start", range(0, 400, 100))
def test_damaged_captures(fuzzer, pieces, start):
    for number in range(start, start + 100):
        fuzzer.read(fuzzer.case(number, 2, pieces))


def test_cases_are_reproducible_and_different(fuzzer, pieces):
    first = [fuzzer.case(n, 1, pieces) for n in range(30)]
    assert first == [fuzzer.case(n, 1, pieces) for n in range(30)]
    assert len(set(first)) == 30


def test_a_defect_is_told(fuzzer, pieces, monkeypatch, capsys):
    monkeypatch.setattr(fuzzer, "pieces", lambda: pieces)
    monkeypatch.setattr(sys, "argv", ["captures.py", "--count", "50"])
    assert fuzzer.main() == 0
    assert "no exception" in capsys.readouterr().out

    class Broken(fuzzer.Driver):
        __slots__ = ()
        fault = "kerberos: KeyError: 7"

    monkeypatch.setattr(fuzzer, "Driver", Broken)
    assert fuzzer.main() == 1
    assert "case 0 of seed 1" in capsys.readouterr().out
