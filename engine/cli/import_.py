"""import: take over rules that were written for other products."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path as PathType
from typing import TYPE_CHECKING

import click

from engine.cli import ending, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sigma.importing import Outcome


class Formats(ending.Command, click.Group):
    """The group of the languages that rules are taken from."""


@click.group(cls=Formats)
def command() -> None:
    """Take over rules that were written for other products."""


@command.command(cls=ending.Command)
@click.argument("files", nargs=-1, required=True, metavar="PATH…", type=Existing())
@click.option(
    "--to",
    "folder",
    required=True,
    metavar="FOLDER",
    type=click.Path(path_type=PathType, file_okay=False),
    help="Folder of detections to write to; made if it is not there.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: what came of each rule, an object a line.")  # fmt: skip
def sigma(files: tuple[Path, ...], folder: Path, form: str) -> None:
    """Import rules, correlations and filters of Sigma from files and folders.

    Each becomes a detection that is checked and compiled, or is refused with the reason: the exit
    code is 1 then. Rules that refer to one another must be imported together.
    """
    try:
        from engine.sigma.importing import Importer  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as missing:
        if missing.name != "sigma":
            raise
        output.fail("Sigma rules are read by pySigma, which is missing", "pip install 'atp[sigma]'")
    from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - starts fast

    outcomes = []
    for outcome in Importer(folder, compile_detection).run(files):
        outcomes.append(outcome)
        if form == "json":
            _write(outcome)
    if form == "text":
        _show(outcomes)
    sys.exit(output.NO if any(o.refused for o in outcomes) else output.DONE)


def _write(outcome: Outcome) -> None:
    from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

    output.write(
        json_line(
            {
                "path": str(outcome.path),
                "document": outcome.number,
                "title": outcome.title,
                "detection": str(outcome.written) if outcome.written else None,
                "refused": outcome.refused or None,
                "applied": outcome.applied,
                "notes": list(outcome.notes),
            }
        )
    )


def _show(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.refused:
            place = f"{outcome.path}: {outcome.title}"
            word = click.style("refused", fg="red", bold=True)
            click.echo(f"{word} {printable(place)}: {printable(outcome.refused)}")
    count = Counter(
        "refused" if o.refused else "applied" if o.applied else "imported" for o in outcomes
    )
    rules = len(outcomes)
    share = f" ({1 - count['refused'] / rules:.1%})" if rules else ""
    told = f"{count['imported']} imported, {count['applied']} applied inside others"
    click.echo(f"{rules} rules: {told}, {count['refused']} refused{share}")
