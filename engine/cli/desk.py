"""The desk of a database, as commands open it, and who they act for."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, Final

import click

from engine.cli import output
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from pathlib import Path

    from engine.store.desk import Desk

DATABASE: Final = click.option(
    "--database",
    metavar="FILE",
    required=True,
    type=Existing(folder=False),
    help="The database of atp-run, which may be running: its desk lies beside it.",
)


def open_desk(database: Path) -> Desk:
    """The desk beside a database; ends the command where there is none."""
    import sqlite3  # noqa: PLC0415 - starts fast

    from engine.store.desk import Desk, beside  # noqa: PLC0415

    path = beside(database)
    if not path.exists():
        output.fail(f"{path} is not there", "atp-run writes it; copy the files together")
    try:
        return Desk(path)
    except sqlite3.Error as error:
        output.fail(f"{path} cannot be opened: {error}", "it must be writable, its folder too")


def who() -> str:
    """The person that runs the command, for the audit log: also behind `sudo`."""
    behind = os.environ.get("SUDO_USER") if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    try:
        return behind or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
