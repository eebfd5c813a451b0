"""config: check the configuration file of atp-run, and show what is in force."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.cli import ending, output
from engine.cli.corpus import show as show_diagnostics
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from pathlib import Path

    from engine.configuration.file import Configuration

_FILE = click.argument("path", required=False, metavar="[FILE]", type=Existing(folder=False))
_FORM = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")


class Group(ending.Command, click.Group):
    """A group with our endings."""


@click.group(cls=Group)
def command() -> None:
    """Check the configuration file of atp-run, and show what is in force.

    FILE: default /etc/atp/atp.toml.
    """


@command.command("check", cls=ending.Command)
@_FILE
@_FORM
def check(path: Path | None, form: str) -> None:
    """Say what is wrong with a configuration: keys, types, bounds, files that are not there."""
    found = _read(_place(path), form)
    if form == "text" and found is not None:
        click.echo(f"{len(found.values)} options, no errors")
    sys.exit(output.NO if found is None else output.DONE)


@command.command("show", cls=ending.Command)
@_FILE
@_FORM
def show(path: Path | None, form: str) -> None:
    """Show the value of every option as atp-run would take it, and where it comes from.

    Passwords in addresses are not shown.
    """
    from engine.configuration.file import (  # noqa: PLC0415 - starts fast
        DEFAULT_PLACE,
        Configuration,
        told,
    )
    from engine.daemon.main import main as atp_run  # noqa: PLC0415 - starts fast
    from engine.event_json import json_line  # noqa: PLC0415

    found: Configuration | None = Configuration()
    if path is not None or DEFAULT_PLACE.is_file():
        found = _read(_place(path), "text")
    if found is None:
        sys.exit(output.NO)
    for key, value, origin, _ in told(atp_run.params, found, click.Context(atp_run)):
        if form == "json":
            output.write(json_line({"key": key, "value": value, "from": origin}))
        elif value in (None, []):
            click.echo(f"# {key} is not set")
        else:
            click.echo(f"{key} = {_toml(value)}  # {origin}")


def _place(path: Path | None) -> Path:
    from engine.configuration.file import DEFAULT_PLACE  # noqa: PLC0415 - starts fast

    if path is None and not DEFAULT_PLACE.is_file():
        output.fail(f"there is no {DEFAULT_PLACE}", "name the file")
    return path or DEFAULT_PLACE


def _read(path: Path, form: str) -> Configuration | None:
    from engine.configuration.file import read_configuration  # noqa: PLC0415 - starts fast
    from engine.daemon.main import main as atp_run  # noqa: PLC0415

    found, diagnostics = read_configuration(path, atp_run.params)
    show_diagnostics(diagnostics, form)
    return found


def _toml(value: object) -> str:
    """A value as it stands in a file."""
    match value:
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case int() | float():
            return str(value)
    import json  # noqa: PLC0415 - starts fast

    return json.dumps(str(value), ensure_ascii=False)
