"""An exclusion on its way into a list file: signed, shown as a difference, proven to load, written."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dsl.durations import parse_duration
from dsl.load import load
from engine.tuning.list_text import entry_lines, new_list, with_entries

if TYPE_CHECKING:
    from engine.tuning.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Signed:
    """Who answers for an exclusion, why it is right, and the first day on which it no longer counts."""

    owner: str
    reason: str
    day: date

    @classmethod
    def of(cls, owner: str, reason: str, expires: str, now: int) -> Signed:
        """`expires`: `90d` from `now` (microseconds), or a day. Raises ValueError for anything else
        and for what is no time to come.
        """
        today = datetime.fromtimestamp(now / 1_000_000, UTC).date()
        length = parse_duration(expires)
        try:
            if length is not None:
                end = datetime.fromtimestamp(now / 1_000_000, UTC) + timedelta(microseconds=length)
                day = end.date()
            else:
                day = date.fromisoformat(expires)
        except (ValueError, OverflowError):
            raise ValueError(f"`{expires}` is no time to come") from None
        if day <= today:
            raise ValueError(f"`{expires}` is no time to come")
        return cls(owner.strip(), reason.strip(), day)


@dataclass(frozen=True, slots=True)
class Change:
    """The text of a list file before (None: there is none) and after."""

    path: Path
    before: str | None
    after: str

    def diff(self) -> str:
        """As `diff -u` shows it."""
        old = [] if self.before is None else self.before.splitlines(keepends=True)
        name = "/dev/null" if self.before is None else str(self.path)
        return "".join(
            difflib.unified_diff(old, self.after.splitlines(keepends=True), name, str(self.path))
        )

    def write(self) -> None:
        """Put the new text in place of the old. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=self.path.parent, prefix=".", suffix=".tmp", delete=False, encoding="utf-8"
        ) as file:
            file.write(self.after)
        part = Path(file.name)
        part.chmod(self.path.stat().st_mode & 0o777 if self.before is not None else 0o644)
        part.replace(self.path)


def change_of(
    candidate: Candidate, signed: Signed, folder: Path, kind: str, description: str
) -> Change:
    """The change that adds a candidate's entries to the list file of its name in a folder.

    Raises ValueError where the file is written so that no line can be added, or would not load.
    """
    path = folder / f"{candidate.into}.yaml"
    lines = entry_lines(candidate.entries, signed.owner, signed.reason, signed.day.isoformat())
    if not path.exists():
        change = Change(path, None, new_list(candidate.into, kind, description, lines))
    else:
        before = path.read_text(encoding="utf-8")
        after = with_entries(before, lines)
        if after is None:
            raise ValueError("its `entries` are not written one a line")
        change = Change(path, before, after)
    _prove(change, candidate)
    return change


def _prove(change: Change, candidate: Candidate) -> None:
    """The text loads without a complaint and holds the entries."""
    with tempfile.TemporaryDirectory(prefix="atp-") as folder:
        file = Path(folder) / change.path.name
        file.write_text(change.after, encoding="utf-8")
        catalogue = load([file], Path(folder))
    if catalogue.diagnostics.errors:
        raise ValueError(catalogue.diagnostics.errors[0].message)
    there = catalogue.lists[candidate.into].entries
    for entry in candidate.entries:
        if not any((entry.value or e.value, entry.roles) == (e.value, e.roles) for e in there):
            raise ValueError("what would be written is not what was proposed")
