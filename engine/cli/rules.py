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


def load_rules(rules: tuple[Path, ...], settings: Path | None = None) -> Loaded:
    """Detections ready to run, with an installation's settings; ends the command where one has
    errors.
    """
    files = [*paths.sources(rules), *([settings] if settings else ())]
    return remembered(files, lambda: _load(rules, settings))


def _load(rules: tuple[Path, ...], settings_path: Path | None) -> Loaded:
    from dsl.check import check  # noqa: PLC0415 - starts fast
    from dsl.settings import Settings, read_settings  # noqa: PLC0415
    from engine.backends.duckdb import Unsupported, compile_detection  # noqa: PLC0415
    from engine.lists import rows_of  # noqa: PLC0415
    from engine.running import Rule  # noqa: PLC0415

    catalogue = paths.read(rules)
    found = list(catalogue.diagnostics.items)
    settings = Settings()
    if settings_path is not None:
        settings, diagnostics = read_settings(settings_path, catalogue.detections)
        found += diagnostics
    running = []
    compiled = {}
    for detection in catalogue.detections.values():
        if detection.id in settings.disabled:
            continue
        values = settings.params.get(detection.id)
        plan, diagnostics = check(detection, catalogue.relations, catalogue.lists, values)
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
