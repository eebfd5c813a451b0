"""test: run the tests that stand inside detections."""

from __future__ import annotations

import sys
import time
from pathlib import Path as PathType
from typing import TYPE_CHECKING

import click

from engine.cli import corpus, output
from engine.cli.existing import Existing
from engine.printable import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dsl.catalogue import Catalogue
    from dsl.diagnostics import Diagnostic
    from engine.rule_tests import Outcome


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: an outcome a line.",
)
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that pass, too.")
@click.option(
    "--junit",
    type=click.Path(path_type=PathType, dir_okay=False, writable=True),
    metavar="FILE",
    help="Write the outcomes as JUnit XML, too, for continuous integration.",
)
@click.option(
    "--mutate",
    is_flag=True,
    help="Delete and loosen clause after clause, and name those that no test misses.",
)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SCORE",
    help="With --mutate: fail where the share of clauses that tests need is below this.",
)
def command(
    files: tuple[Path, ...],
    form: str,
    verbose: bool,
    junit: Path | None,
    mutate: bool,
    least: float,
) -> None:
    """Run the tests of detections and shared relations.

    Where they pass, each window, sequence and absence must have a test beyond its length, too.

    PATH is a file or a folder; default: `detections/` here, else the shipped ones.
    """
    from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - starts fast
    from engine.cli.reading import decoded  # noqa: PLC0415
    from engine.rule_tests import run_tests  # noqa: PLC0415

    catalogue = corpus.read(files)
    errors = catalogue.diagnostics.errors
    corpus.show(errors)

    asked = tuple(p.resolve() for p in (files or corpus.default_paths()))
    rules = {n: d.path for n, d in catalogue.detections.items()}
    rules |= {n: r.path for n, r in catalogue.relations.items()}
    chosen = [
        name
        for name, path in rules.items()
        if any(p == path.resolve() or p in path.resolve().parents for p in asked)
    ]
    began = time.perf_counter()
    outcomes = []
    for outcome in run_tests(catalogue, compile_detection, decoded, rules=chosen):
        outcomes.append(outcome)
        _show(outcome, form, verbose=verbose)
    if junit is not None:
        from engine.cli.junit import document  # noqa: PLC0415 - only where asked for

        junit.write_text(document(outcomes), encoding="utf-8")
    untested = [n for n in chosen if _imported_without_tests(catalogue, n)]
    if form == "text":
        if untested:
            have = "rule has" if len(untested) == 1 else "rules have"
            click.echo(f"{len(untested)} imported {have} no tests")
        click.echo(_summary(outcomes, len(chosen), time.perf_counter() - began))
    failed = bool(errors) or not all(o.passed for o in outcomes)
    if not failed:
        failed = corpus.show(_without_twin(catalogue, chosen))
    if mutate and not failed:
        from engine.cli.mutation import run_mutants  # noqa: PLC0415 - only where asked for

        failed = not run_mutants(files, chosen, form, least)
    sys.exit(output.NO if failed else output.DONE)


def _without_twin(catalogue: Catalogue, chosen: Sequence[str]) -> list[Diagnostic]:
    """Lengths that no test of the chosen detections stands beyond."""
    from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - starts fast
    from engine.boundaries import without_twin  # noqa: PLC0415
    from engine.cli.reading import decoded  # noqa: PLC0415

    detections = [
        d for n, d in catalogue.detections.items()
        if n in chosen and not _imported_without_tests(catalogue, n)
    ]  # fmt: skip
    return [
        found
        for detection in detections
        for found in without_twin(detection, catalogue, compile_detection, decoded)
    ]


def _imported_without_tests(catalogue: Catalogue, name: str) -> bool:
    detection = catalogue.detections.get(name)
    return detection is not None and detection.envelope.origin is not None and not detection.tests


def _show(outcome: Outcome, form: str, *, verbose: bool) -> None:
    name = printable(f"{outcome.rule}: {outcome.test}")
    if form == "json":
        from dataclasses import asdict  # noqa: PLC0415 - only where asked for

        from engine.event_json import json_line  # noqa: PLC0415

        output.write(json_line({**asdict(outcome), "passed": outcome.passed}))
    elif outcome.skipped:
        click.echo(f"{click.style('skip', fg='yellow')} {name}: {printable(outcome.skipped)}")
    elif not outcome.passed:
        place = printable(f"{outcome.file}:{outcome.line}")
        click.echo(f"{click.style('FAIL', fg='red', bold=True)} {name}  ({place})")
        for complaint in outcome.complaints:
            click.echo("     " + printable_lines(complaint).replace("\n", "\n     "))
    elif verbose:
        click.echo(f"{click.style('ok', fg='green')}   {name}")


def _summary(outcomes: Sequence[Outcome], rules: int, seconds: float) -> str:
    passed = sum(o.passed for o in outcomes)
    skipped = sum(bool(o.skipped) for o in outcomes)
    failed = len(outcomes) - passed - skipped
    told = f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
    return f"{told} ({rules} rules, {seconds:.1f} s)"
