"""The `--version` of both programs: release, and whether the packet path is compiled."""

from __future__ import annotations

from typing import Final

import click


def release() -> str:
    """The release of this program."""
    from importlib.metadata import version  # noqa: PLC0415 - only when asked

    return version("atp")


def _show(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        from sensor.wire.build import WORD  # noqa: PLC0415 - only when asked

        click.echo(f"atp {release()} ({WORD})")
        ctx.exit()


version_option: Final = click.option(
    "--version", is_flag=True, callback=_show, expose_value=False, is_eager=True,
    help="Show the version and exit.",
)  # fmt: skip
