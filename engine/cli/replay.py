"""replay: run detections over captures and event logs, and explain what they find."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import output, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dsl.catalogue import Catalogue
    from dsl.schema.base import Event
    from engine.directory_file import DirectoryFile
    from engine.running import Rule


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="PATH…", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--directory",
    "directory_path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Directory file: domains, hosts, accounts, groups, tags.",
)
@click.option(
    "--detections",
    "rules",
    multiple=True,
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="File or folder of detections; default: `detections/` here, else the shipped ones.",
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
    form: str,
    evidence: int,
) -> None:
    """Replay PATHs (captures, event logs, or folders of them) through the detections.

    The alerts are those the running engine would have raised. Damaged files are used as far as
    they can be read; the exit code is 1 then.
    """
    from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - starts fast
    from engine.lists import rows_of  # noqa: PLC0415
    from engine.replay import Setting, replay  # noqa: PLC0415
    from engine.sinks import terminal  # noqa: PLC0415

    catalogue, running = load_rules(rules)
    directory = load_directory(directory_path)
    reading = Reading(files)
    setting = Setting(directory=directory, lists=rows_of(catalogue.lists.values()), covered=())
    done = replay(running, reading.events(), compile_detection, setting)
    alerts = sorted(done.dicts(), key=lambda a: (str(a["first_seen"]), str(a["id"])))
    if form == "json":
        import msgspec  # noqa: PLC0415

        for alert in alerts:
            click.echo(msgspec.json.encode(alert).decode())
    else:
        for alert in alerts:
            click.echo(terminal.block(alert, evidence=evidence) + "\n")
        click.echo(_summary(alerts, reading.count, done.engine.directory.domain_controllers()))
    sys.exit(output.NO if reading.damaged else output.DONE)


def _summary(
    alerts: Sequence[dict[str, object]],
    events: int,
    controllers: Sequence[tuple[str, int, str, tuple[str, ...]]],
) -> str:
    by = {
        level: sum(a["severity"] == level for a in alerts)
        for level in ("high", "medium", "low", "informational")
    }
    told = ", ".join(f"{n} {level}" for level, n in by.items() if n)
    known = ", ".join(f"{host} ({certainty})" for host, _, certainty, _ in controllers)
    return (
        f"{len(alerts)} alerts{f' ({told})' if told else ''} from {events} events\n"
        f"domain controllers: {output.clean(known) or 'none seen'}"
    )


def load_rules(rules: tuple[Path, ...]) -> tuple[Catalogue, list[Rule]]:
    """Checked detections, ready to run; ends the command where one has errors."""
    from dsl.check import check  # noqa: PLC0415 - starts fast
    from engine.running import Rule  # noqa: PLC0415

    catalogue = paths.read(rules)
    found = list(catalogue.diagnostics.items)
    running = []
    for detection in catalogue.detections.values():
        plan, diagnostics = check(detection, catalogue.relations, catalogue.lists)
        found += diagnostics
        if plan is not None:
            running.append(Rule(plan, detection.envelope))
    errors = [d for d in dict.fromkeys(found) if d.severity == "error"]
    if paths.show(errors):
        output.fail("the detections have errors", "mend them, or name others with --detections")
    return catalogue, running


def load_directory(path: Path | None) -> DirectoryFile | None:
    """The directory file; ends the command where it has errors."""
    from engine.directory_file import read_directory_file  # noqa: PLC0415 - starts fast

    if path is None:
        return None
    directory, diagnostics = read_directory_file(path)
    if paths.show(diagnostics) or directory is None:
        output.fail(f"the directory file {path} has errors")
    return directory


class Reading:
    """The files of a replay as one stream of events. `damaged` once a file was."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self.damaged = False
        self.count = 0

    def events(self) -> Iterator[Event]:
        """All events, file by file."""
        from sensor.inputs.files import files_in, read_file  # noqa: PLC0415 - starts fast

        for path in files_in(self._files):
            found: list[Event] = []
            try:
                with output.progress(path) as bar:
                    summary = read_file(path, found.append, bar)
            except OSError as error:
                output.fail(f"{path}: {error.strerror}")
            self.damaged |= output.report_damage(summary)
            self.count += len(found)
            yield from found
