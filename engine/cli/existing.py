"""Paths on the command line that must be there."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import NamedTuple

import click

from engine.cli import output


class Refusal(NamedTuple):
    """Why something cannot be used, and what to do."""

    message: str
    hint: str = ""


class Existing(click.ParamType):  # type: ignore[type-arg]  # a plain class before click 8.5
    """A file or folder that is there; a pipe or device is neither, as files are read twice."""

    name = "path"

    def __init__(self, *, file: bool = True, folder: bool = True) -> None:
        self._file = file
        self._folder = folder

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """The path; ends the command with the reason where it cannot be used."""
        del param, ctx
        if not str(value):  # an unset variable of a shell, and not the working folder
            output.fail("the path is empty")
        path = Path(str(value))
        refusal = self.refusal(path)
        if refusal is not None:
            output.fail(refusal.message, refusal.hint)
        return path

    def refusal(self, path: Path) -> Refusal | None:
        """Why the path cannot be used, if it cannot."""
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            why = output.reason(error) if isinstance(error, OSError) else str(error)
            return Refusal(f"{path}: {why}")
        if stat.S_ISDIR(mode):
            return None if self._folder else Refusal(f"{path} is a folder", "name a file")
        if not stat.S_ISREG(mode):
            return Refusal(f"{path} is neither a file nor a folder", "save what it gives to a file")
        return None if self._file else Refusal(f"{path} is no folder")
