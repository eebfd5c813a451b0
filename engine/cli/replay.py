"""replay: run detections over captures and event logs, and explain what they find."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import options, output, paths
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.directory_file import DirectoryFile

LEVELS = ("high", "medium", "low", "informational")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="PATH…", type=paths.Existing())
@options.DIRECTORY
@options.DETECTIONS
@click.option(
    "--settings",
    metavar="FILE",
    type=paths.Existing(folder=False),
    help="Settings of detections: parameters, sensitivities, what is disabled.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="text: explained for people; json: an alert a line.",
)
@click.option("--evidence", type=click.IntRange(0), default=2, show_default=True,
              help="Events shown below an alert (text).")  # fmt: skip
def command(
    files: tuple[Path, ...],
    directory_path: Path | None,
    rules: tuple[Path, ...],
    settings: Path | None,
    form: str,
    evidence: int,
) -> None:
    """Replay PATHs (captures, event logs, or folders of them) through the detections.

    The alerts are those the running engine would have raised. Damaged files are used as far as
    they can be read; the exit code is 1 then.
    """
    from engine.cli import reading  # noqa: PLC0415 - starts fast
    from engine.cli.rules import load_rules  # noqa: PLC0415
    from engine.event_json import json_line  # noqa: PLC0415
    from engine.replay import Setting, replay  # noqa: PLC0415
    from engine.sinks import terminal  # noqa: PLC0415
    from engine.time_order import TimeOrder  # noqa: PLC0415

    loaded = load_rules(rules, settings)
    directory = load_directory(directory_path)
    order = TimeOrder()
    damaged = reading.read(files, order.add)
    setting = Setting(directory=directory, lists=loaded.rows)
    done = replay(loaded.rules, order.events(), loaded.compile_detection, setting)
    alerts = sorted(done.dicts(), key=lambda a: (str(a["first_seen"]), str(a["id"])))
    if form == "json":
        for alert in alerts:
            output.write(json_line(alert))
    else:
        for alert in alerts:
            click.echo(terminal.block(alert, evidence=evidence) + "\n")
        click.echo(_summary(alerts, order.count, done.engine.directory.domain_controllers()))
    for name, why in done.engine.faults.items():
        output.warn(f"the detection `{name}` could not be computed: {first_line(why)}")
    sys.exit(output.NO if damaged or done.engine.faults else output.DONE)


def _summary(
    alerts: Sequence[dict[str, object]],
    events: int,
    controllers: Sequence[tuple[str, int, str, tuple[str, ...]]],
) -> str:
    by = {level: sum(a["severity"] == level for a in alerts) for level in LEVELS}
    told = ", ".join(f"{n} {level}" for level, n in by.items() if n)
    known = ", ".join(f"{host} ({certainty})" for host, _, certainty, _ in controllers)
    return (
        f"{_count(len(alerts), 'alert')}{f' ({told})' if told else ''} from {_count(events, 'event')}\n"
        f"domain controllers: {printable(known) or 'none seen'}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def load_directory(path: Path | None) -> DirectoryFile | None:
    """The directory file; ends the command where it has errors."""
    from engine.directory_file import read_directory_file  # noqa: PLC0415 - starts fast

    if path is None:
        return None
    directory, diagnostics = read_directory_file(path)
    if paths.show(diagnostics) or directory is None:
        output.fail(f"the directory file {path} has errors")
    return directory


def first_line(text: str) -> str:
    """The first line of what a database says; the rest repeats the statement."""
    return text.strip().partition("\n")[0]
