"""A configuration file: values for options of the command line, each under the option's own name.

What may stand in the file is derived from the options, so there is one list of both. Relative paths
are meant from the folder of the file. Knows no daemon.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click
from click.core import ParameterSource

from dsl.diagnostics import Diagnostic, Diagnostics, Span
from dsl.record import Record, sort_of
from dsl.source import read_text
from engine.cli.existing import Existing
from engine.configuration.toml_source import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PLACE: Final = (
    Path(r"C:\ProgramData\atp\atp.toml") if sys.platform == "win32" else Path("/etc/atp/atp.toml")
)
"""Read where it is there and no other file is named."""
_NOT_IN_FILES: Final = frozenset({"config", "help", "version"})
_PASSWORD: Final = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a file says: values by the parameters' names, and where each stands."""

    path: Path | None = None
    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)


def keys(options: Iterable[click.Parameter]) -> dict[str, click.Option]:
    """The options that a file may set, by their keys in it: `--json-tokens` is `json-tokens`."""
    found = {}
    for option in options:
        if isinstance(option, click.Option):
            key = max(option.opts, key=len).removeprefix("--")
            if key not in _NOT_IN_FILES:
                found[key] = option
    return dict(sorted(found.items()))


class Told(NamedTuple):
    """An option as it is in force: `value` as `shown`, and `origin`: `command line`, `FILE:LINE` or `default`."""

    key: str
    value: object
    origin: str
    help: str


def told(
    options: Iterable[click.Parameter], found: Configuration, context: click.Context
) -> list[Told]:
    """Every option by its key; `context`: of the command that was given them, or an empty one."""
    every = []
    for key, option in keys(options).items():
        name = option.name or key
        span = found.places.get(name)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value, origin = context.params[name], "command line"
        else:
            value = found.values.get(name, default_of(option, context))
            origin = f"{found.path}:{span.line}" if span else "default"
        every.append(Told(key, shown(value), origin, option.help or ""))
    return every


def read_configuration(
    path: Path, options: Iterable[click.Parameter]
) -> tuple[Configuration | None, list[Diagnostic]]:
    """What a file says (None with errors), and everything that is wrong with it."""
    diagnostics = Diagnostics()
    text = read_text(path, str(path), diagnostics)
    source = None if text is None else parse_toml(str(path), text, diagnostics)
    if source is None or not isinstance(source.data, dict):
        return None, diagnostics.items
    file = Record(source, (), source.data, diagnostics, "the configuration")
    found = Configuration(path)
    for key, option in keys(options).items():
        if key not in file:
            file.raw(key)  # a key that is known, for the hints
            continue
        value = _value(file, key, option, path.parent)
        name = option.name or key
        if value is not None:
            found.values[name] = value
            found.places[name] = source.place(key)
    file.finish()
    return (None if diagnostics.errors else found), diagnostics.items


def default_of(option: click.Option, context: click.Context) -> object:
    """What holds without a file; None or an empty list where nothing does."""
    default: object = option.get_default(context)
    if isinstance(default, (str, int, float, Path, list, tuple)):
        return default
    return [] if option.multiple else None  # click marks what is not set with an object of its own


def shown(value: object) -> object:
    """A value for people and programs: paths as text, no password of an address."""
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    if isinstance(value, (str, Path)):
        return _PASSWORD.sub("***@", str(value))
    return value


def _value(file: Record, key: str, option: click.Option, folder: Path) -> object:
    """The value of a key as the option takes it; None where it was refused."""
    kind = option.type
    if option.is_flag:
        return file.flag(key)
    if isinstance(kind, click.IntRange):
        return file.number(key, kind.min, kind.max)
    if isinstance(kind, click.FloatRange):
        return _float(file, key, kind)
    if isinstance(kind, click.Choice):
        return file.word(key, [str(word) for word in kind.choices])
    paths = isinstance(kind, (Existing, click.Path))
    if not option.multiple:
        text = file.text(key)
        return _path(file, (key,), text, kind, folder) if paths and text is not None else text
    texts = file.texts(key)
    if not paths:
        return list(texts) or None
    listed = isinstance(file.data[key], list)
    places = [(key, i) if listed else (key,) for i in range(len(texts))]
    return [_path(file, p, t, kind, folder) for p, t in zip(places, texts, strict=True)] or None


def _float(file: Record, key: str, kind: click.FloatRange) -> float | None:
    value = file.raw(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        file.add("D0606", f"`{key}` is {sort_of(value)} where a number belongs", key)
        return None
    low, high = kind.min, kind.max
    if (low is not None and value < low) or (high is not None and value > high):
        file.add("D0607", f"`{key}` is {value}, allowed is {low} to {high}", key)
        return None
    return float(value)


def _path(
    file: Record, place: tuple[str | int, ...], text: str, kind: object, folder: Path
) -> str | None:
    path = folder / Path(text).expanduser()
    refusal = kind.refusal(path) if isinstance(kind, Existing) else None
    if refusal is not None:
        file.add("D0607", refusal.message, *place, hint=refusal.hint)
        return None
    return str(path)
