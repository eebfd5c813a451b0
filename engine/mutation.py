"""Do a detection's tests need each of its clauses? Runs them on mutants (`dsl.mutate`).

A mutant is killed by the first test that sees something else. The mutation score is the share
killed of those that check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsl.check import check
from dsl.mutate import mutants
from engine.backends.duckdb import Unsupported
from engine.rule_tests import DetectionTests

if TYPE_CHECKING:
    from dsl.catalogue import Catalogue, Detection
    from engine.rule_tests import Compile, Decode


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that every test let pass: the clause as written, what was changed, where it stands."""

    clause: str
    change: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Mutation:
    """What came of the mutants of one detection."""

    rule: str
    killed: int
    survivors: tuple[Survivor, ...]

    @property
    def score(self) -> float:
        """Share killed; 1 where there is nothing to mutate."""
        total = self.killed + len(self.survivors)
        return self.killed / total if total else 1.0


def lengths_of(detection: Detection) -> dict[str, int]:
    """The parameters that are durations, microseconds by name."""
    return {
        name: param.default
        for name, param in detection.envelope.params.items()
        if param.type == "duration" and isinstance(param.default, int)
    }


def mutate(
    detection: Detection,
    catalogue: Catalogue,
    compile_detection: Compile,
    decode: Decode | None = None,
) -> Mutation:
    """Run the tests of a detection on all its mutants. The tests should pass as they are."""
    spans = lengths_of(detection)
    killed = 0
    survivors = []
    # a clause deleted or loosened says more: the tests that expect silence kill most
    quiet_first = sorted(detection.tests, key=lambda test: bool(test.expect))
    for mutant in mutants(detection.block, spans):
        changed = replace(detection, block=mutant.block)
        built, _ = check(changed, catalogue.relations, catalogue.lists)
        if built is None:
            continue
        tests = DetectionTests(changed, catalogue, compile_detection, decode)
        try:
            alive = all(not tests.run(test).complaints for test in quiet_first)
        except Unsupported:
            continue
        if not alive:
            killed += 1
            continue
        source = detection.source
        span = source.span(mutant.at)
        clause = " ".join(source.block("detect")[mutant.at.start : mutant.at.end].split())
        survivors.append(Survivor(clause, mutant.change, source.file, span.line))
    return Mutation(detection.id, killed, tuple(survivors))
