"""What every command says in the same way: errors, damaged input, progress.

Messages go to standard error, results to standard output. Text that came from files or the wire is
cleaned before a terminal sees it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sensor.inputs.files import FileSummary

DONE = 0
NO = 1
FAILED = 2


def clean(text: str) -> str:
    """Printable text: control, format and bidirectional characters are shown escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def fail(message: str, hint: str = "") -> NoReturn:
    """Say what could not be done, and end with exit code 2."""
    click.secho("error", fg="red", bold=True, nl=False, err=True)
    click.echo(f": {clean(message)}", err=True)
    if hint:
        click.echo(f"  = hint: {clean(hint)}", err=True)
    sys.exit(FAILED)


def warn(message: str) -> None:
    """Say what went wrong beside the work."""
    click.secho("warning", fg="yellow", bold=True, nl=False, err=True)
    click.echo(f": {clean(message)}", err=True)


def report_damage(summary: FileSummary, most: int = 5) -> bool:
    """Name the damaged parts of a file with their offsets; True if there were any."""
    for damage in summary.damages[:most]:
        warn(
            f"{summary.path}: damaged at offset {damage.offset}: {damage.reason}; the rest is used"
        )
    if len(summary.damages) > most:
        warn(f"{summary.path}: {len(summary.damages) - most} more damaged parts")
    if summary.fault:
        warn(f"{summary.path}: a reader failed, please report: {summary.fault}")
    return bool(summary.damages)


@contextmanager
def progress(path: Path) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal for a file that is worth one (1 MB and more), else None."""
    if not sys.stderr.isatty() or path.stat().st_size < 1_000_000:
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - slow, and for terminals only
    from rich.progress import Progress  # noqa: PLC0415 - as above

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(clean(path.name), total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)
