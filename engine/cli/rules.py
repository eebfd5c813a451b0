"""Detections as the engine runs them: read, checked, compiled; remembered between runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.cli import output, paths
from engine.rule_cache import remembered

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.plan import DetectionPlan
    from engine.backends.duckdb import CompiledDetection
    from engine.lists import ListRow
    from engine.running import Rule


@dataclass(frozen=True, slots=True)
class Loaded:
    """Checked detections, the lists they came with, and their statements by id."""

    rules: tuple[Rule, ...]
    lists: frozenset[str]
    rows: tuple[ListRow, ...]
    compiled: dict[str, CompiledDetection]

    def compile_detection(self, plan: DetectionPlan) -> CompiledDetection:
        """The statements of a detection. Raises `Unsupported` where DuckDB has no exact form."""
        from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - the compiler is slow

        return self.compiled.get(plan.id) or compile_detection(plan)


def load_rules(rules: tuple[Path, ...]) -> Loaded:
    """Detections ready to run; ends the command where one has errors."""
    return remembered(paths.sources(rules), lambda: _load(rules))


def _load(rules: tuple[Path, ...]) -> Loaded:
    from dsl.check import check  # noqa: PLC0415 - starts fast
    from engine.backends.duckdb import Unsupported, compile_detection  # noqa: PLC0415
    from engine.lists import rows_of  # noqa: PLC0415
    from engine.running import Rule  # noqa: PLC0415

    catalogue = paths.read(rules)
    found = list(catalogue.diagnostics.items)
    running = []
    compiled = {}
    for detection in catalogue.detections.values():
        plan, diagnostics = check(detection, catalogue.relations, catalogue.lists)
        found += diagnostics
        if plan is None:
            continue
        running.append(Rule(plan, detection.envelope))
        try:
            compiled[plan.id] = compile_detection(plan)
        except Unsupported:
            continue  # the engine says so, and runs the others
    errors = [d for d in dict.fromkeys(found) if d.severity == "error"]
    if paths.show(errors):
        output.fail("the detections have errors", "mend them, or name others with --detections")
    lists = catalogue.lists
    return Loaded(tuple(running), frozenset(lists), tuple(rows_of(lists.values())), compiled)
