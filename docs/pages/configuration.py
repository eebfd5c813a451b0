"""Keys of the configuration file of `atp-run`, from the options of its command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.configuration.file import DEFAULT_PLACE, default_of, keys, shown
from engine.daemon.main import main as atp_run
from pages.markdown import code, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.catalogue import Catalogue


def lines(_: Catalogue) -> Iterator[str]:
    """The page."""
    yield (
        f"# Configuration\n\nKeys of `atp-run --config FILE` (TOML; default `{DEFAULT_PLACE}`). Each is "
        "an option of the command line without its dashes, which wins over the file. Relative paths "
        "are meant from the folder of the file."
    )
    context = click.Context(atp_run)
    yield from table(
        "key", "value", "default", "meaning",
        rows=(
            (f"`{key}`", _value(option), _default(option, context), plain(option.help or ""))
            for key, option in keys(atp_run.params).items()
        ),
    )  # fmt: skip


def _default(option: click.Option, context: click.Context) -> str:
    default = shown(default_of(option, context))
    return "" if default in (None, [], False) else code(str(default))


def _value(option: click.Option) -> str:
    kind = option.type
    if option.is_flag:
        return "true or false"
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        return f"number, {kind.min} to {kind.max}"
    if isinstance(kind, click.Choice):
        return ", ".join(f"`{word}`" for word in kind.choices)
    return "list of texts" if option.multiple else "text"
