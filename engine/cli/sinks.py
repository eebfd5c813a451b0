"""sinks: where alerts go: check the file, send a test message, see what waits."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from engine.cli import desk as desks
from engine.cli import ending, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

_FILE = click.option(
    "--sinks",
    "file",
    metavar="FILE",
    required=True,
    type=Existing(folder=False),
    help="The file of sinks that atp-run has.",
)


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Sinks of alerts: syslog, webhooks, e-mail."""


@command.command("check", cls=ending.Command)
@_FILE
def check(file: Path) -> None:
    """Check a file of sinks, with the secrets and certificates that it names."""
    from engine.daemon.sinks_file import load_sinks  # noqa: PLC0415 - starts fast

    for sink in load_sinks(file):
        click.echo(f"{sink.name}: {sink.type}, {', '.join(sorted(sink.filter.send))}")


@command.command("test", cls=ending.Command)
@click.argument("names", nargs=-1, metavar="[NAME]…")
@_FILE
def send_test(names: tuple[str, ...], file: Path) -> None:
    """Send a test message to sinks, all if none is named. The exit code is 1 where one fails."""
    from engine.daemon.sinks_file import load_sinks, tried  # noqa: PLC0415 - starts fast

    sinks = {sink.name: sink for sink in load_sinks(file)}
    for name in names:
        if name not in sinks:
            from dsl.faults import did_you_mean  # noqa: PLC0415 - only for a slip

            output.fail(f"there is no sink `{name}`", did_you_mean(name, sinks))
    failed = False
    now = time.time_ns() // 1000
    for name in names or sorted(sinks):
        why = tried(sinks[name], desks.who(), now)
        failed = failed or bool(why)
        told = f"{click.style('not delivered', fg='red')}: {printable(why)}" if why else "delivered"
        click.echo(f"{name}: {told}")
    sys.exit(output.NO if failed else output.DONE)


@command.command("list", cls=ending.Command)
@desks.DATABASE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: a sink a line.")  # fmt: skip
def list_sinks(database: Path, form: str) -> None:
    """Show what waits for each sink and what became of the rest; atp-run may be running.

    The exit code is 1 where a receiver does not take what waits, or messages were lost.
    """
    from engine.event_json import json_line  # noqa: PLC0415 - starts fast
    from engine.store.spool import Spool, beside  # noqa: PLC0415

    path = beside(database)
    if not path.exists():
        output.fail(f"{path} is not there", "atp-run writes it where it has --sinks")
    spool = Spool(path)
    counts = spool.counts()
    spool.close()
    for one in counts:
        if form == "json":
            output.write(json_line(one._asdict()))
            continue
        told = f"{one.waiting} waiting, {one.sent} delivered, {one.refused} refused, {one.dropped} dropped"
        click.echo(f"{one.name}: {told}{f'; {printable(one.trouble)}' if one.trouble else ''}")
    bad = any(c.trouble or c.refused or c.dropped for c in counts)
    sys.exit(output.NO if bad else output.DONE)
