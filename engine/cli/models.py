"""models: the trained models of detections: how they stand, and training by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import ending, options, output
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.backends.duckdb.trained.model import TrainedModel
    from engine.cli.rules import Loaded
    from engine.models.states import State
    from engine.store import Store

_DATABASE = click.option(
    "--database",
    metavar="FILE",
    required=True,
    type=Existing(folder=False),
    help="A database of atp-run; its models are in the folder FILE.models beside it.",
)
_FORM = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: a model a line.",
)


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Trained models of detections (`access_anomaly`, `outlier`): how they stand, and training.

    `atp-run` trains them by itself at the end of each day.
    """


@command.command("list", cls=ending.Command)
@_DATABASE
@options.SETTINGS
@options.DETECTIONS
@_FORM
def list_models(database: Path, settings: Path | None, rules: tuple[Path, ...], form: str) -> None:
    """Show each model: what it has learned, and since when it is in force.

    The exit code is 1 if any has nothing in force.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - starts fast
    from engine.models.folder import folder_of  # noqa: PLC0415
    from engine.models.states import state_of  # noqa: PLC0415

    states = [
        state_of(folder_of(database), m.subject) for m in _models(load_rules(rules, settings))
    ]
    for state in states:
        _show(state, form)
    if not states and form == "text":
        click.echo("no detection reads a trained model")
    sys.exit(output.NO if any(s.fault for s in states) else output.DONE)


@command.command("train", cls=ending.Command)
@click.argument("names", nargs=-1, metavar="[MODEL]…")
@_DATABASE
@click.option(
    "--until",
    metavar="DATE",
    help="Learn the days before this one, and put it in force from the day after; default: all closed days.",
)
@options.SETTINGS
@options.DETECTIONS
@_FORM
def train(
    names: tuple[str, ...],
    database: Path,
    until: str | None,
    settings: Path | None,
    rules: tuple[Path, ...],
    form: str,
) -> None:
    """Train models from a database while atp-run does not run; MODEL is as in `rule.name`.

    Without --until what is trained is in force from the day after the newest event, as if atp-run
    had trained it. The exit code is 1 if any could not be trained.
    """
    from engine.cli.ground import open_store  # noqa: PLC0415 - starts fast
    from engine.cli.rules import load_rules  # noqa: PLC0415
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.models.training import MISSING, can_train  # noqa: PLC0415

    if not can_train():
        output.fail(MISSING.partition(":")[0], MISSING.partition(": ")[2])
    chosen = _chosen(load_rules(rules, settings), names)
    store = open_store(database, FOREVER)
    try:
        last, force = _days(store, until)
        done = [_train(store, database, model, last, force, form) for model in chosen]
    finally:
        store.close()
    if not chosen and form == "text":
        click.echo("no detection reads a trained model")
    sys.exit(output.DONE if all(done) else output.NO)


def _train(
    store: Store, database: Path, model: TrainedModel, until: int, force: int, form: str
) -> bool:
    from engine.models.files import ModelFileError  # noqa: PLC0415
    from engine.models.folder import ModelFolder, folder_of  # noqa: PLC0415
    from engine.models.states import state_of  # noqa: PLC0415
    from engine.models.training import train  # noqa: PLC0415

    folder = ModelFolder(folder_of(database), model.subject)
    window = range(until - model.subject.over, until)
    try:
        lessons = folder.lessons(window)
        for day in model.days(store.connection, window.start, window.stop):
            if day not in lessons:
                lessons[day] = model.lesson(store.connection, day)
        made = train(model.subject, until, lessons)
    except ModelFileError as error:
        output.warn(str(error))
        return False
    if made is None:
        output.warn(f"`{model.subject.name}` has too little to learn from: fewer than seven days")
        return False
    folder.put(made)
    folder.publish(force)
    _show(state_of(folder_of(database), model.subject), form)
    return True


def _days(store: Store, until: str | None) -> tuple[int, int]:
    """Up to which day (not included) is learned, and from when it is in force."""
    from engine.lateness import SLOW_US  # noqa: PLC0415
    from engine.models.days import DAY_US, day_of  # noqa: PLC0415

    spanned = store.span()
    if spanned is None:
        output.fail("the database holds no events")
    newest = spanned[1]
    if until is None:
        # what comes in time has come by then, and has been judged
        return (newest - 2 * SLOW_US) // DAY_US, newest // DAY_US + 1
    try:
        last = day_of(until)
    except ValueError:
        output.fail(f"`{until}` is not a date", "as in 2026-01-31")
    if last * DAY_US > newest:
        output.fail(f"{until} has not come yet in this database")
    return last, last + 1


def _models(loaded: Loaded) -> list[TrainedModel]:
    compiled = [loaded.compile_detection(rule.plan) for rule in loaded.rules]
    found = [m for one in compiled for alert in one.alerts for m in alert.trained]
    return sorted(found, key=lambda m: m.subject.name)


def _chosen(loaded: Loaded, names: Sequence[str]) -> list[TrainedModel]:
    from dsl.faults import did_you_mean  # noqa: PLC0415 - only where asked for

    every = {m.subject.name: m for m in _models(loaded)}
    for name in names:
        if name not in every:
            output.fail(f"there is no trained model `{name}`", did_you_mean(name, every))
    return [model for name, model in every.items() if not names or name in names]


def _show(state: State, form: str) -> None:
    import msgspec  # noqa: PLC0415 - starts fast

    if form == "json":
        output.write(msgspec.json.encode(state))
        return
    size = f", {state.files} files of {max(1, state.bytes >> 10):,} KB" if state.files else ""
    click.echo(f"{printable(state.model)} ({state.kind}): {printable(state.told)}{size}")
