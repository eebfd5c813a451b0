"""How a model stands: what is in force and since when, or why nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.models.days import day_text
from engine.models.files import ModelFileError
from engine.models.folder import ModelFolder

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.subject import Subject


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """`learned_to` and `in_force_from` are days; `version` is that of the file. `files` and `bytes`:
    of what is and was in force. `fault`: why nothing is in force.
    """

    model: str
    kind: str
    learned_to: str = ""
    in_force_from: str = ""
    version: str = ""
    days: int = 0
    files: int = 0
    bytes: int = 0
    fault: str = ""

    @property
    def told(self) -> str:
        """In words."""
        if self.fault:
            return self.fault
        return f"learned to {self.learned_to} from {self.days} days, in force from {self.in_force_from}"


def state_of(root: Path, subject: Subject) -> State:
    """How a model stands below a folder, by its newest file."""
    folder = ModelFolder(root, subject)
    files = folder.files()
    if not files:
        return State(subject.name, subject.kind, fault="never trained")
    size = sum(path.stat().st_size for path in files.values())
    newest = max(files)
    held = State(
        subject.name, subject.kind, in_force_from=day_text(newest), files=len(files), bytes=size
    )
    try:
        found = folder.read(files[newest])
    except ModelFileError as error:
        return msgspec.structs.replace(held, fault=str(error))
    return msgspec.structs.replace(
        held, learned_to=day_text(found.until - 1), version=found.version, days=found.days
    )
