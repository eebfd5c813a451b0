"""fmt: write the blocks of detections in the one form."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import corpus, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@click.option(
    "--check", "only", is_flag=True, help="Write nothing; exit code 1 if a file would change."
)
def command(files: tuple[Path, ...], only: bool) -> None:
    """Format the `detect` blocks of detections and relations; the rest of a file is left alone.

    PATH is a file or a folder; default: `detections/` here, else the shipped ones.
    """
    from dsl.diagnostics import Diagnostics  # noqa: PLC0415 - starts fast
    from dsl.format import format_file  # noqa: PLC0415
    from dsl.source import read_text  # noqa: PLC0415

    changed, faults, count = [], Diagnostics(), 0
    for path in _rules(files or corpus.default_paths()):
        text = read_text(path, str(path), faults)
        if text is None:
            continue
        formatted, diagnostics = format_file(str(path), text)
        for diagnostic in diagnostics:
            faults.add(diagnostic)
        count += 1
        if formatted != text:
            changed.append(path)
            if not only:
                path.write_bytes(formatted.encode())
    failed = corpus.show(faults.items)
    for path in changed:
        click.echo(f"{'would change' if only else 'formatted'} {printable(str(path))}")
    click.echo(
        f"{count} file{'' if count == 1 else 's'}, {len(changed)} {'to format' if only else 'formatted'}"
    )
    sys.exit(output.NO if failed or (only and changed) else output.DONE)


def _rules(files: tuple[Path, ...]) -> list[Path]:
    found = [p for f in files for p in (sorted(f.rglob("*.yaml")) if f.is_dir() else [f])]
    return [p for p in found if p.parent.name != "lists"]
