"""Options that several commands have, each said once."""

from __future__ import annotations

from typing import Final

import click

from engine.cli import paths

DETECTIONS: Final = click.option(
    "--detections",
    "rules",
    multiple=True,
    metavar="PATH",
    type=paths.Existing(),
    help="File or folder of detections; default: `detections/` here, else the shipped ones.",
)
DIRECTORY: Final = click.option(
    "--directory",
    "directory_path",
    metavar="FILE",
    type=paths.Existing(folder=False),
    help="Directory file: domains, hosts, accounts, groups, tags.",
)
