"""In what each detection was found, and how its evidence came: docs/found.csv, written by
`python bench/labelled.py --keep docs/found.csv`, which takes a quarter of an hour.
"""
# ruff: noqa: INP001  # a module beside the pages, not a package

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parent / "found.csv"


def read() -> dict[tuple[str, str], dict[str, int]]:
    """By detection and way (`wire`, `events`, `directory`): inputs by whose they are, `labelled`
    for public ones and `recorded` for our own.
    """
    found: dict[tuple[str, str], dict[str, int]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by = found.setdefault((row["detection"], row["way"]), {})
            by[row["whose"]] = int(row["inputs"])
    return found
