"""Options that several commands have, each said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import click

from engine.cli import period
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., object]")

DETECTIONS: Final = click.option(
    "--detections",
    "rules",
    multiple=True,
    metavar="PATH",
    type=Existing(),
    help="File or folder of detections; default: `detections/` here, else the shipped ones.",
)
LISTS: Final = click.option(
    "--lists",
    multiple=True,
    metavar="PATH",
    type=Existing(),
    help="File or folder of lists of your own: their entries are added to those of the detections.",
)
SETTINGS: Final = click.option(
    "--settings",
    metavar="FILE",
    type=Existing(folder=False),
    help="Settings of detections: parameters, sensitivities, what is disabled.",
)
DIRECTORY: Final = click.option(
    "--directory",
    "directory_path",
    metavar="FILE",
    type=Existing(folder=False),
    help="Directory file: domains, hosts, accounts, groups, tags.",
)
GEOLOCATION: Final = click.option(
    "--geolocation",
    "geolocation_paths",
    multiple=True,
    metavar="FILE",
    type=Existing(folder=False),
    help="MaxMind database (.mmdb) of countries, places or networks, for VPN sessions. May be given again.",
)
DATABASE: Final = click.option(
    "--database",
    metavar="FILE",
    type=Existing(folder=False),
    help="A database of atp-run that is not running, or a copy of one; it is only read.",
)


def installation(command: _F) -> _F:
    """What an installation names beside its inputs: directory, detections, lists, settings."""
    for option in (SETTINGS, LISTS, DETECTIONS, DIRECTORY):
        command = option(command)
    return command


def spanned(command: _F) -> _F:
    """The period that is looked at: `begin`, `end`, `last`."""
    begin = click.option(
        "--from", "begin", metavar="TIME", type=period.Moment(),
        help="Only alerts from here on: `2026-01-31` or `2026-01-31T12:00`, UTC.",
    )  # fmt: skip
    end = click.option(
        "--to", "end", metavar="TIME", type=period.Moment(end=True),
        help="As of then: nothing later is known. A day counts to its end.",
    )  # fmt: skip
    last = click.option(
        "--last", metavar="DURATION", type=period.Length(),
        help="The last `30d`, counted back from --to, else from the newest event.",
    )  # fmt: skip
    return begin(end(last(command)))
