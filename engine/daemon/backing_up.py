"""Scheduled backups: options of the daemon, and their entry in the timetable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from engine.daemon.timetable import EVERY, Entry, every_of
from engine.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_F = TypeVar("_F", bound="Callable[..., object]")
_AT_US: Final = 3_600_000_000
"""An hour after midnight: reports are made before."""
_NAME: Final = re.compile(r"atp-\d{4}-\d{2}-\d{2}\.tar\.zst")
_PART: Final = re.compile(r"\.atp-\d{4}-\d{2}-\d{2}\.tar\.zst\.part")
_DATE: Final = len("2026-01-31")


def options(command: _F) -> _F:
    """`--backup-folder`, `--backup-every`, `--backup-keep`."""
    for option in (
        click.option(
            "--backup-keep",
            type=click.IntRange(1, 10_000),
            default=7,
            show_default=True,
            metavar="N",
            help="So many backups are kept there; the oldest go.",
        ),
        click.option(
            "--backup-every",
            type=click.Choice(EVERY),
            default="day",
            show_default=True,
            help="When backups are made: at 01:00 UTC after each day, week or month.",
        ),
        click.option(
            "--backup-folder",
            type=click.Path(path_type=Path),
            metavar="FOLDER",
            help="Make backups into this folder; default: none are made.",
        ),
    ):
        command = option(command)
    return command


def planned(named: Mapping[str, object]) -> list[Entry]:
    """The entry of the options' values; none where no folder is named."""
    if named["backup_folder"] is None:
        return []
    folder = Path(str(named["backup_folder"])).absolute()
    every = every_of(str(named["backup_every"]))
    if every is None:
        raise ValueError(f"a backup is made every {named['backup_every']}")
    keep = int(str(named["backup_keep"]))

    def arguments(_begin: int, end: int) -> dict[str, object]:
        name = f"atp-{iso(end + 1)[:_DATE]}.tar.zst"
        return {"file": str(folder / name), "replace": True}

    return [Entry("backup", every, _AT_US, "backup", arguments, lambda _a, _d: prune(folder, keep))]


def prune(folder: Path, keep: int) -> None:
    """Leave the newest backups of ours in a folder, and nothing that was cut off. Raises OSError."""
    found = sorted(p for p in folder.iterdir() if _NAME.fullmatch(p.name))
    cut = [p for p in folder.iterdir() if _PART.fullmatch(p.name)]
    for path in [*found[:-keep], *cut]:
        path.unlink()
