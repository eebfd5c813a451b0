"""How many clauses of each detection its tests need: figures that are measured and kept beside the detections.

A figure belongs to a digest of what the rule is made of; one whose rule changed is not told.
"""

from __future__ import annotations

import csv
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dsl.catalogue import Catalogue

FILE: Final = Path(__file__).resolve().parent.parent / "detections" / "scores.csv"


class Score(NamedTuple):
    """Clauses that a test needs, of all; `digest` of the rule's own text and what it reads."""

    rule: str
    digest: str
    needed: int
    clauses: int


def read() -> dict[str, Score]:
    """The figures by rule; none where they are not shipped."""
    if not FILE.is_file():
        return {}
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            r["rule"]: Score(r["rule"], r["digest"], int(r["needed"]), int(r["clauses"]))
            for r in rows
        }


def digest(catalogue: Catalogue, rule: str) -> str:
    """Of a detection's text and of the shared relations and lists that it names, at any distance."""
    texts, waiting = {rule: catalogue.detections[rule].source.text}, [rule]
    shared = {name: r.source.text for name, r in catalogue.relations.items()}
    shared |= {name: entries.source.text for name, entries in catalogue.lists.items()}
    while waiting:
        words = set(re.findall(r"\w+", texts[waiting.pop()]))
        new = {name: text for name, text in shared.items() if name in words and name not in texts}
        texts |= new
        waiting += new
    whole = "\0".join(texts[name] for name in sorted(texts))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


@cache
def kept() -> dict[str, Score]:
    """The figures that this release came with, by rule."""
    return read()


def current(catalogue: Catalogue) -> dict[str, Score]:
    """The figures of those rules that are as they were when measured."""
    return {
        rule: score
        for rule, score in read().items()
        if rule in catalogue.detections and score.digest == digest(catalogue, rule)
    }
