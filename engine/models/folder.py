"""The files of one model, in a folder called like it.

    2026-02-01.npz                  what is in force from that day on, until a later file
    days/<definition>/2026-01-30.parquet    what a closed day taught
    subject.json                    what the model is about, for who trains it
    trained.npz                     what was trained and is not in force yet

A file takes force with a day that has not begun, so a row is scored alike whenever it is computed.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from engine.models.days import day_of, day_text
from engine.models.files import ModelFileError, Trained, read_trained, write_trained
from engine.models.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEPT: Final = 31
"""Files of what was in force: as long as events are kept, for a look back over these."""
MOST_KEPT: Final = 1 << 30
"""Bytes of them; of greater files fewer are kept, two at least."""
_SUBJECT: Final = "subject.json"


class ModelFolder:
    """The folder of a model below `root`. Reading makes nothing; writing makes what is missing."""

    def __init__(self, root: Path, subject: Subject) -> None:
        self.subject = subject
        self.path = root / subject.name
        self.candidate = self.path / "trained.npz"
        self._days = self.path / "days" / subject.of

    # --- what is in force -------------------------------------------------------------------------

    def files(self) -> dict[int, Path]:
        """The files by the day from which they are in force, in order."""
        return _dated(self.path, ".npz")

    def read(self, path: Path) -> Trained:
        """Read a file of `files`. Raises ModelFileError."""
        found = read_trained(path, self.subject)
        if day_of(path.stem) < found.until:
            last = day_text(found.until - 1)
            raise ModelFileError(f"{path} has learned to {last}, after it took force")
        return found

    def put(self, made: Trained) -> None:
        """Keep what was trained until it is published. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_trained(self.candidate, made)

    def publish(self, day: int) -> Path:
        """Put what was trained in force from a day on. Raises OSError."""
        path = self.path / f"{day_text(day)}.npz"
        self.candidate.replace(path)
        self._prune(day)
        return path

    def _prune(self, day: int) -> None:
        """Drop the oldest files, and lessons that are too old or of another definition."""
        every = sorted(self.files().items(), reverse=True)
        size = 0
        for number, (_, path) in enumerate(every):
            size += path.stat().st_size
            if number >= KEPT or (size > MOST_KEPT and number > 1):
                path.unlink(missing_ok=True)
        for past, path in self._lessons().items():
            if past < day - self.subject.over - KEPT:
                path.unlink(missing_ok=True)
        for other in self._days.parent.glob("*"):
            if other != self._days:
                shutil.rmtree(other, ignore_errors=True)

    # --- what days taught -------------------------------------------------------------------------

    def _lessons(self) -> dict[int, Path]:
        return _dated(self._days, ".parquet")

    def taught(self) -> set[int]:
        """Days of which there is a lesson."""
        return set(self._lessons())

    def put_lesson(self, day: int, lesson: pa.Table) -> None:
        """Keep what a closed day taught: whole, or not at all. Raises OSError."""
        self._days.mkdir(parents=True, exist_ok=True)
        path = self._days / f"{day_text(day)}.parquet"
        part = path.with_suffix(".part")
        pq.write_table(lesson, part, compression="zstd")
        part.replace(path)

    def lessons(self, days: Iterable[int]) -> dict[int, pa.Table]:
        """What these days taught, of those that are there. Raises ModelFileError."""
        found = {}
        there = self._lessons()
        for day in days:
            if day in there:
                try:
                    found[day] = pq.read_table(there[day], memory_map=False)
                except (OSError, pa.ArrowException) as error:
                    why = str(error).partition("\n")[0]
                    raise ModelFileError(f"{there[day]} cannot be read: {why}") from error
        return found

    # --- who trains it ----------------------------------------------------------------------------

    def describe(self) -> None:
        """Write down what the model is about. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f"{_SUBJECT}.part"
        part.write_bytes(msgspec.json.encode(self.subject))
        os.replace(part, self.path / _SUBJECT)  # noqa: PTH105 - replaces on Windows, too


def folder_of(database: Path) -> Path:
    """Where the models of a database are kept: beside it."""
    return database.with_name(f"{database.name}.models")


def described(path: Path) -> ModelFolder:
    """The folder that was described there. Raises ModelFileError."""
    try:
        subject = msgspec.json.decode((path / _SUBJECT).read_bytes(), type=Subject)
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelFileError(f"{path / _SUBJECT} cannot be read: {error}") from error
    if subject.name != path.name:
        raise ModelFileError(f"{path / _SUBJECT} is of `{subject.name}`")
    return ModelFolder(path.parent, subject)


def _dated(folder: Path, suffix: str) -> dict[int, Path]:
    """Files whose names are days, in order."""
    found = {}
    for path in folder.glob(f"*{suffix}"):
        try:
            found[day_of(path.stem)] = path
        except ValueError:
            continue  # not one of ours, or not in force
    return dict(sorted(found.items()))
