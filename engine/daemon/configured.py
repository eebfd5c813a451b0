"""`--config`: the configuration file below the command line, at the start and when it is reread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

import click
from click.core import ParameterSource

from engine.cli import output
from engine.cli.corpus import show as show_diagnostics
from engine.cli.existing import Existing
from engine.configuration.file import DEFAULT_PLACE, Configuration, read_configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")
_REREAD: Final = ("rules", "settings", "lists")
"""What is put in force without a new start."""


def load_configuration(path: Path | None, options: Sequence[click.Parameter]) -> Configuration:
    """The named file, else the default one where it is there; ends the command where it has errors,
    with each in its place.
    """
    if path is None:
        if not DEFAULT_PLACE.is_file():
            return Configuration()
        path = DEFAULT_PLACE
    found, diagnostics = read_configuration(path, options)
    show_diagnostics(diagnostics)
    if found is None:
        output.fail(f"the configuration {path} has errors", "see `atp config check`")
    return found


def _read(context: click.Context, _: click.Parameter, path: Path | None) -> Configuration:
    found = load_configuration(path, context.command.params)
    context.default_map = found.values
    return found


OPTION: Final = click.option(
    "--config",
    "configuration",
    is_eager=True,
    callback=_read,
    metavar="FILE",
    type=Existing(folder=False),
    help=f"Take options from this file; default: {DEFAULT_PLACE}, where it is there.",
)


def detections(
    context: click.Context, before: Configuration
) -> tuple[tuple[Path, ...], Path | None, tuple[Path, ...]]:
    """Detections, settings and lists as the configuration names them now; what the command line
    names stands. Says what else has changed in it. Ends like a command where it has errors.
    """
    now = Configuration()
    if before.path is not None:
        now = load_configuration(before.path, context.command.params)
    names = before.values.keys() | now.values.keys()
    changed = {n for n in names if before.values.get(n) != now.values.get(n)}
    for name in sorted(changed.difference(_REREAD)):
        output.note(f"`{_key(context, name)}` has changed; in force after a new start")

    def value(name: str, default: _T) -> _T:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            return cast("_T", context.params[name])
        return cast("_T", _paths(now.values.get(name), default))

    return value("rules", ()), value("settings", None), value("lists", ())


def _paths(value: object, default: object) -> object:
    if value is None:
        return default
    return tuple(map(Path, value)) if isinstance(value, list) else Path(str(value))


def _key(context: click.Context, name: str) -> str:
    option = next(p for p in context.command.params if p.name == name)
    return max(option.opts, key=len).removeprefix("--")
