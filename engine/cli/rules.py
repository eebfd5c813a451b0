"""Detections as the engine runs them: read, checked, compiled; remembered between runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.cli import corpus, output
from engine.in_force import InForce, in_force
from engine.rule_cache import remembered

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.catalogue import Catalogue
    from dsl.plan import DetectionPlan
    from dsl.settings import Settings
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
    in_force: InForce = field(default_factory=InForce)

    def compile_detection(self, plan: DetectionPlan) -> CompiledDetection:
        """The statements of a detection. Raises `Unsupported` where DuckDB has no exact form."""
        from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - the compiler is slow

        # another plan of the same name is not the one that was read
        known = any(rule.plan is plan for rule in self.rules)
        return (self.compiled.get(plan.id) if known else None) or compile_detection(plan)


def load_rules(
    rules: tuple[Path, ...],
    settings: Path | None = None,
    lists: tuple[Path, ...] = (),
    values: tuple[str, ...] = (),
) -> Loaded:
    """Detections ready to run, with an installation's settings and lists; ends the command where
    one has errors. `values`: `RULE.PARAM=VALUE`, above all settings.
    """
    if values:
        return _load(rules, settings, lists, values)
    files = [*corpus.sources(rules, lists), *([settings] if settings else ())]
    return remembered(files, lambda: _load(rules, settings, lists, ()))


def _load(
    rules: tuple[Path, ...],
    settings_path: Path | None,
    own_lists: tuple[Path, ...],
    values: tuple[str, ...],
) -> Loaded:
    from dsl.check import check  # noqa: PLC0415 - starts fast
    from dsl.freeze import freeze  # noqa: PLC0415
    from dsl.settings import Settings, read_settings  # noqa: PLC0415
    from engine.backends.duckdb import Unsupported, compile_detection  # noqa: PLC0415
    from engine.lists import rows_of  # noqa: PLC0415
    from engine.running import Rule  # noqa: PLC0415

    catalogue = corpus.read(rules, own_lists)
    found = list(catalogue.diagnostics.items)
    settings = Settings()
    if settings_path is not None:
        settings, diagnostics = read_settings(settings_path, catalogue.detections)
        found += diagnostics
    for value in values:
        _set(value, catalogue, settings)
    running = []
    compiled = {}
    for detection in catalogue.detections.values():
        if detection.id in settings.disabled:
            continue
        plan, diagnostics = check(
            detection, catalogue.relations, catalogue.lists, settings.params.get(detection.id)
        )
        found += diagnostics
        if plan is None:
            continue
        plan = freeze(plan, settings.frozen.get(plan.id))
        running.append(Rule(plan, detection.envelope))
        try:
            compiled[plan.id] = compile_detection(plan)
        except Unsupported:
            continue  # the engine says so, and runs the others
    errors = [d for d in dict.fromkeys(found) if d.severity == "error"]
    if corpus.show(errors):
        output.fail("the detections have errors", "mend them, or name others with --detections")
    known = catalogue.lists
    return Loaded(
        tuple(running), frozenset(known), tuple(rows_of(known.values())), compiled,
        in_force(catalogue, settings.disabled, [rule.plan for rule in running]),
    )  # fmt: skip


def _set(text: str, catalogue: Catalogue, settings: Settings) -> None:
    """`RULE.PARAM=VALUE`, put above the settings; ends the command where that cannot be."""
    from dsl.faults import did_you_mean  # noqa: PLC0415 - only where asked for

    place, equals, value = text.partition("=")
    rule, dot, name = place.partition(".")
    if not equals or not dot:
        output.fail(f"`{text}` is not RULE.PARAM=VALUE", "as in `brute_force.min_tries=20`")
    detection = catalogue.detections.get(rule)
    if detection is None:
        output.fail(f"there is no detection `{rule}`", did_you_mean(rule, catalogue.detections))
    params = detection.envelope.params
    if name not in params:
        hint = did_you_mean(name, params) or f"its parameters are {', '.join(params) or 'none'}"
        output.fail(f"`{rule}` has no parameter `{name}`", hint)
    typed, refusal = params[name].read_text(value)
    if typed is None:
        output.fail(f"{place}: {refusal}", params[name].help)
    settings.params.setdefault(rule, {})[name] = typed
