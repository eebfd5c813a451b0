"""explain: show how a detection, an error code or an alert's rule works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import corpus, output
from engine.cli.existing import Existing
from engine.printable import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.catalogue import Catalogue, Detection
    from dsl.plan import DetectionPlan


@click.command()
@click.argument("rule", metavar="RULE|CODE")
@click.option(
    "--plan", "show_plan", is_flag=True, help="The checked plan: columns, look-back, emission."
)
@click.option("--sql", "show_sql", is_flag=True, help="The SQL that DuckDB runs.")
@click.option("--why", metavar="FILE:SEQ", help="Which of its relations an event ends in.")
@click.option("--why-not", metavar="FILE:SEQ", help="The first condition that drops an event.")
def command(
    rule: str, show_plan: bool, show_sql: bool, why: str | None, why_not: str | None
) -> None:
    """Explain a detection (by id or file), or a diagnostic's code such as D0203.

    FILE:SEQ names an event of a capture or log by its `seq`, as `atp decode --format json` shows.
    """
    if re.fullmatch(r"D\d{4}", rule):
        _code(rule)
        return
    catalogue, detection, plan = _find(rule)
    if why or why_not:
        from engine.cli.why import show_why  # noqa: PLC0415 - only where asked for

        show_why(detection, catalogue, plan, why or why_not or "", first=not why)
        return
    if show_plan:
        from dsl.explain_plan import describe  # noqa: PLC0415 - starts fast

        click.echo(printable_lines(describe(plan, detection.envelope.params)))
    if show_sql:
        from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - starts fast

        for number, alert in enumerate(compile_detection(plan).alerts, start=1):
            click.echo(f"-- alert statement {number}\n{printable_lines(alert.sql)}\n")
    if not show_plan and not show_sql:
        _people(detection)


def _code(name: str) -> None:
    from dsl.codes import all_codes  # noqa: PLC0415 - starts fast

    code = all_codes().get(name)
    if code is None:
        output.fail(f"there is no code `{name}`", _nearest(name, all_codes()))
    click.echo(f"{click.style(name, bold=True)}: {code.title}\n\n{code.paragraph}\n")
    click.echo(f"wrong\n{_indented(code.wrong)}\n\nright\n{_indented(code.right)}")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())


def _find(rule: str) -> tuple[Catalogue, Detection, DetectionPlan]:
    from dsl.check import check  # noqa: PLC0415 - starts fast

    path = Path(rule)
    as_file = path.suffix == ".yaml" or "/" in rule
    if as_file:
        path = Existing(folder=False).convert(rule, None, None)
    catalogue = corpus.read((path,) if as_file else ())
    name = path.stem if as_file else rule
    detection = catalogue.detections.get(name)
    if detection is None:
        corpus.show(d for d in catalogue.diagnostics.errors if Path(d.file).stem == name)
        output.fail(f"there is no detection `{name}`", _nearest(name, catalogue.detections))
    plan, found = check(detection, catalogue.relations, catalogue.lists)
    if plan is None:
        corpus.show(found)
        output.fail(f"`{name}` has errors")
    return catalogue, detection, plan


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - only for a slip

    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else ""


def _people(detection: Detection) -> None:
    e = detection.envelope
    number = f" [{e.external_id}]" if e.external_id else ""
    click.echo(f"{click.style(printable(e.title), bold=True)}{number}")
    click.echo(
        f"{e.id} version {e.version}, {e.severity}, confidence {e.confidence}, {', '.join(e.mitre)}"
    )
    click.echo(f"\n{printable_lines(e.description.strip())}\n")
    click.secho(printable(detection.source.file), dim=True)
    text = str(detection.source.data["detect"]) if isinstance(detection.source.data, dict) else ""
    click.echo(_indented(printable_lines(text)))
    for heading, items in (
        ("known gaps", e.known_gaps),
        ("false positives", e.false_positives),
        ("what to do", e.respond),
    ):
        if items:
            click.secho(f"\n{heading}", bold=True)
            for item in items:
                click.echo(f"  - {printable(item)}")
    if e.params:
        click.echo()
    for name, param in e.params.items():
        click.echo(f"${name}: {printable(param.help)}")
