"""replay: run detections over captures, event logs or a stored database, and explain what they find."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import ground, options, output
from engine.cli.existing import Existing
from engine.cli.sides import Installed, side
from engine.printable import printable
from engine.sinks import formats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.cli.ground import Ground
    from engine.cli.rules import Loaded
    from engine.replay import Replayed

LEVELS = ("high", "medium", "low", "informational")


@click.command()
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@options.DATABASE
@options.spanned
@click.option(
    "--diff",
    nargs=2,
    metavar="OLD NEW",
    help="Compare two sides: each a detection, its file, a folder, or git:REVISION of the folder.",
)
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="RULE.PARAM=VALUE",
    help="A parameter's value; with --diff of NEW only. May be given again.",
)
@options.installation
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", *formats.names()]),
    default="text",
    help="text: explained for people; json: an alert a line; the others: so for other products.",
)
@click.option("--evidence", type=click.IntRange(0), default=2, show_default=True,
              help="Events shown below an alert (text).")  # fmt: skip
def command(
    files: tuple[Path, ...],
    database: Path | None,
    begin: int | None,
    end: int | None,
    last: int | None,
    diff: tuple[str, str] | None,
    values: tuple[str, ...],
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directory_path: Path | None,
    form: str,
    evidence: int,
) -> None:
    """Replay PATHs (captures, event logs, or folders of them) or a --database through the
    detections.

    The alerts are those the running engine would have raised. Damaged files are used as far as
    they can be read; the exit code is 1 then. With --diff it is 1 where the sides differ.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - starts fast
    from engine.store import facts  # noqa: PLC0415

    if bool(files) == (database is not None):
        output.fail("name files to replay, or a --database", "see `atp replay --help`")
    if database is not None and directory_path is not None:
        output.fail("a database has a directory of its own", "leave --directory out")
    if diff is not None and form in formats.names():
        output.fail("differences are told as text or json", "leave `--format` out")
    span = (begin, end, last)
    given = Installed(rules, settings, lists)
    if diff is not None:
        old, new = side(diff[0], given), side(diff[1], given, values)
        over = _ground(files, database, directory_path, old.loaded, span)
        from engine.cli.differing import show_difference  # noqa: PLC0415 - only where asked for

        differs, faults = show_difference(over, old, new, form)
        _end(faults, wrong=differs or over.damaged)
    loaded = load_rules(rules, settings, lists, values)
    if database is None and span == (None, None, None):
        done, damaged = _at_once(files, directory_path, loaded, form, evidence)
    else:
        over = _ground(files, database, directory_path, loaded, span)
        done, damaged = over.run(loaded), over.damaged
        known = facts.controllers(over.store.connection)
        _show(done, form, evidence, over.store.count(*over.period), known)
    for complaint in done.engine.models.complaints.values():
        output.warn(complaint)
    _end(done.engine.faults, wrong=damaged)


def _at_once(
    files: Sequence[Path], directory_path: Path | None, loaded: Loaded, form: str, evidence: int
) -> tuple[Replayed, bool]:
    """Files from begin to end; the alerts, and whether a file was damaged."""
    from engine.cli import reading  # noqa: PLC0415 - starts fast
    from engine.replay import Setting, replay  # noqa: PLC0415
    from engine.time_order import TimeOrder  # noqa: PLC0415

    directory = ground.load_directory(directory_path)
    order = TimeOrder()
    damaged = reading.read(files, order.add, raw=reading.wants_raw(r.plan for r in loaded.rules))
    setting = Setting(directory=directory, lists=loaded.rows)
    done = replay(loaded.rules, order.events(), loaded.compile_detection, setting)
    known = [f"{h} ({c})" for h, _, c, _ in done.engine.directory.domain_controllers()]
    _show(done, form, evidence, order.count, known)
    return done, damaged


def _ground(
    files: Sequence[Path],
    database: Path | None,
    directory_path: Path | None,
    loaded: Loaded,
    span: tuple[int | None, int | None, int | None],
) -> Ground:
    if database is not None:
        return ground.of_database(database, *span)
    return ground.of_files(files, directory_path, loaded, span)


def _show(
    done: Replayed, form: str, evidence: int, events: int, controllers: Sequence[str]
) -> None:
    from importlib.metadata import version  # noqa: PLC0415 - starts fast

    from engine.event_json import json_line  # noqa: PLC0415
    from engine.sinks import terminal  # noqa: PLC0415

    alerts = sorted(done.dicts(), key=lambda a: (str(a["first_seen"]), str(a["id"])))
    if form == "json":
        for alert in alerts:
            output.write(json_line(alert))
        return
    if form != "text":
        release = version("atp")
        for alert in alerts:
            output.write(formats.forms()[form]("opened", alert, release))
        return
    for alert in alerts:
        click.echo(terminal.block(alert, evidence=evidence) + "\n")
    click.echo(_summary(alerts, events, controllers))


def _end(faults: dict[str, str], *, wrong: bool) -> None:
    for name, why in faults.items():
        first = ground.first_line(why)
        output.warn(f"the detection `{name}` could not be computed: {first}")
    sys.exit(output.NO if wrong or faults else output.DONE)


def _summary(alerts: Sequence[dict[str, object]], events: int, controllers: Sequence[str]) -> str:
    by = {level: sum(a["severity"] == level for a in alerts) for level in LEVELS}
    told = ", ".join(f"{n} {level}" for level, n in by.items() if n)
    return (
        f"{_count(len(alerts), 'alert')}{f' ({told})' if told else ''} from {_count(events, 'event')}\n"
        f"domain controllers: {printable(', '.join(controllers)) or 'none seen'}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
