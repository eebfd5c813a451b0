"""A few hundred cases of the capture fuzzer, and that it tells of a defect."""

from __future__ import annotations

import importlib.util
import subprocess
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


def test_memory_stays_below_the_limit():
    # a process of its own: the limit is on all the memory it ever had
    done = subprocess.run(
        [sys.executable, str(PATH), "--count", "100"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no exception" in done.stdout


def test_a_defect_is_told(fuzzer, pieces, monkeypatch, capsys):
    monkeypatch.setattr(fuzzer, "pieces", lambda: pieces)
    monkeypatch.setattr(sys, "argv", ["captures.py", "--count", "50"])

    class Broken(fuzzer.Driver):
        __slots__ = ()
        fault = "kerberos: KeyError: 7"

    monkeypatch.setattr(fuzzer, "Driver", Broken)
    assert fuzzer.main() == 1
    assert "case 0 of seed 1" in capsys.readouterr().out
