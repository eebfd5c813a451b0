"""Where a rule's trained models come from: files that were trained beside the engine, or training as
it goes, where past events are gone through again.

Both answer the same where training was in time: a row of day D is scored with what the days before
D - 1 taught. Knows no database; what days teach is asked of the caller.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

from engine.models.files import ModelFileError
from engine.models.folder import ModelFolder
from engine.models.training import MISSING, can_train, train

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from engine.models.files import Trained
    from engine.models.subject import Subject

_KEPT: Final = 4
"""Models of a subject at hand: of the days that a statement reads at once, and the one before."""


class Teacher(Protocol):
    """Says what past days teach."""

    def days(self, low: int, high: int) -> list[int]:
        """Days of [low, high) that have events, in order."""

    def lesson(self, day: int) -> pa.Table:
        """What a day teaches."""


class Models(Protocol):
    """Gives the models that are in force. `complaints`: what goes wrong, by name of the model."""

    complaints: dict[str, str]

    def at(self, subject: Subject, day: int, teacher: Teacher) -> Trained | None:
        """The model by which rows of a day are scored, None where there is none."""


class OfFolder:
    """Models that were trained before, from the files below a folder."""

    def __init__(self, root: Path) -> None:
        self.complaints: dict[str, str] = {}
        self._root = root
        self._listed: dict[str, tuple[int, dict[int, Path]]] = {}
        self._read: OrderedDict[tuple[Path, int, str], Trained | ModelFileError] = OrderedDict()

    def at(self, subject: Subject, day: int, teacher: Teacher) -> Trained | None:
        """The model of the newest file that is in force on the day. One that cannot be used counts
        as none: an older one in its place would be another answer than the one of yesterday.
        """
        del teacher
        folder = ModelFolder(self._root, subject)
        files = self._files(folder)
        there = [d for d in files if d <= day]
        if not there:
            why = f"the model `{subject.name}` has not been trained yet: its score is null"
            self.complaints[subject.name] = why
            return None
        found = self._open(folder, files[max(there)])
        if isinstance(found, ModelFileError):
            self.complaints[subject.name] = f"the model `{subject.name}` has no score: {found}"
            return None
        self.complaints.pop(subject.name, None)
        return found

    def _files(self, folder: ModelFolder) -> dict[int, Path]:
        """The files, listed again where the folder has changed."""
        try:
            stamp = folder.path.stat().st_mtime_ns
        except OSError:
            return {}
        known = self._listed.get(folder.subject.name)
        if known is None or known[0] != stamp:
            known = self._listed[folder.subject.name] = stamp, folder.files()
        return known[1]

    def _open(self, folder: ModelFolder, path: Path) -> Trained | ModelFileError:
        try:
            key = path, path.stat().st_mtime_ns, folder.subject.of
        except OSError as error:
            return ModelFileError(f"{path} cannot be read: {error.strerror or error}")
        if key not in self._read:
            try:
                self._read[key] = folder.read(path)
            except ModelFileError as error:
                self._read[key] = error
        self._read.move_to_end(key)
        of_subject = [k for k in self._read if k[0].parent == path.parent]
        for old in of_subject[:-_KEPT]:
            del self._read[old]
        return self._read[key]


class AsNeeded:
    """Models trained from the events at hand, as of each day that is asked for: what a running
    engine would have had.
    """

    def __init__(self) -> None:
        self.complaints: dict[str, str] = {}
        self._lessons: dict[Subject, dict[int, pa.Table]] = {}
        self._trained: dict[Subject, OrderedDict[int, Trained | None]] = {}

    def at(self, subject: Subject, day: int, teacher: Teacher) -> Trained | None:
        """The model that the days before the one before taught."""
        known = self._trained.setdefault(subject, OrderedDict())
        until = day - 1
        if until not in known:
            known[until] = self._train(subject, until, teacher)
            while len(known) > _KEPT:
                known.popitem(last=False)
        return known[until]

    def _train(self, subject: Subject, until: int, teacher: Teacher) -> Trained | None:
        if not can_train():
            self.complaints[subject.name] = f"the model `{subject.name}` has no score: {MISSING}"
            return None
        lessons = self._lessons.setdefault(subject, {})
        for old in [d for d in lessons if d < until - subject.over]:
            del lessons[old]
        for day in teacher.days(until - subject.over, until):
            if day not in lessons:
                lessons[day] = teacher.lesson(day)
        return train(subject, until, lessons)
