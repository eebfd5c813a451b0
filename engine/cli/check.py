"""check: find what is wrong with detections, without running them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from engine.cli import corpus, output
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text",
              help="github: annotations for a workflow.")  # fmt: skip
def command(files: tuple[Path, ...], form: str) -> None:
    """Check detections, shared relations and lists: names, kinds, templates, metadata, tests.

    PATH is a file or a folder; default: `detections/` here, else the shipped ones.
    """
    from dsl.check import check, check_relation  # noqa: PLC0415 - starts fast
    from dsl.check.exclusions import check_list  # noqa: PLC0415

    catalogue = corpus.read(files)
    found = list(catalogue.diagnostics.items)
    for detection in catalogue.detections.values():
        found += check(detection, catalogue.relations, catalogue.lists)[1]
    for relation in catalogue.relations.values():
        found += check_relation(relation, catalogue.relations, catalogue.lists)[1]
    for file in catalogue.lists.values():
        found += check_list(file, catalogue.detections, time.time_ns() // 1000)
    failed = corpus.show(dict.fromkeys(found), form)
    if form == "text" and not failed:
        click.echo(
            f"{len(catalogue.detections)} detections, {len(catalogue.relations)} relations, "
            f"{len(catalogue.lists)} lists: no errors"
        )
    sys.exit(output.NO if failed else output.DONE)
