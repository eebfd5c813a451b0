"""Renaming what a rule defines: everywhere it is meant, and only where nothing else changes.

A rename is refused rather than wrong: the files are read again with the new name, and must have no
new fault and every other name must mean what it meant.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.assist.layout import lines_of
from dsl.words import reserved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dsl.assist.names import Symbol
    from dsl.assist.project import Project
    from dsl.assist.view import Occurrence
    from dsl.diagnostics import Span

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_SMALL: Final = re.compile(r"[a-z_][a-z0-9_]*")
_FILES: Final = ("relation", "list")


class RefusedError(Exception):
    """Why something cannot be renamed, in the author's words."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One line's text from a span replaced."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Rename:
    """The edits by file, and the files to be moved afterwards: old and new path."""

    edits: dict[Path, tuple[Edit, ...]]
    moves: tuple[tuple[Path, Path], ...] = ()


def occurrence_at(project: Project, path: Path, line: int, column: int) -> Occurrence | None:
    """The name at a place of a file, line and column from 1."""
    for found in project.occurrences(path):
        span = found.span
        if span.line == line and span.column <= column <= span.column + span.length:
            return found
    return None


def occurrences_of(project: Project, symbols: frozenset[Symbol]) -> dict[Path, list[Occurrence]]:
    """Every place of these symbols, and of those that share a place with one of them: the two
    columns that a union makes one.
    """
    same, before = set(symbols), set[object]()
    found: dict[Path, list[Occurrence]] = {}
    while same != before:
        before = set(same)
        found = {}
        for path in dict.fromkeys(p for symbol in same for p in project.readers(symbol)):
            here = [o for o in project.occurrences(path) if o.symbols & same]
            if here:
                found[path] = here
        same.update(s for here in found.values() for o in here for s in o.symbols)
    return found


def renamed(project: Project, symbols: frozenset[Symbol], new: str) -> Rename:
    """The edits that give the symbols another name. Raises `RefusedError`."""
    found = occurrences_of(project, symbols)
    same = {s for here in found.values() for o in here for s in o.symbols}
    _refuse_by_sort(project, same, found, new)
    edits = {
        path: tuple(Edit(o.span, _written(project, path, o.span, new)) for o in here)
        for path, here in found.items()
    }
    moves = tuple(
        (path, path.with_stem(new))
        for path in found
        for s in same
        if s.sort in _FILES and s.name == path.stem and (s.home or s.name) == path.stem
        and project.view(path).sort == s.sort
    )  # fmt: skip
    if any(new_path in project.own for _, new_path in moves):
        raise RefusedError(f"there is a file `{new}.yaml` already")
    _verify(project, edits, moves, same, new)
    return Rename(edits, moves)


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text after edits that do not overlap."""
    pieces = re.split(r"(\r\n|\r|\n)", text)
    for edit in sorted(edits, key=lambda e: (e.span.line, e.span.column), reverse=True):
        row = 2 * (edit.span.line - 1)
        start = edit.span.column - 1
        line = pieces[row]
        pieces[row] = line[:start] + edit.text + line[start + edit.span.length :]
    return "".join(pieces)


def _written(project: Project, path: Path, span: Span, new: str) -> str:
    """The new name with the sign or quotes that the old one has there."""
    line = lines_of(project.text(path) or "")[span.line - 1]
    old = line[span.column - 1 : span.column - 1 + span.length]
    word = _NAME.search(old)
    return old[: word.start()] + new + old[word.end() :] if word else new


def _refuse_by_sort(
    project: Project, same: set[Symbol], found: dict[Path, list[Occurrence]], new: str
) -> None:
    schema = next((s for s in sorted(same, key=_order) if s.sort in ("event", "field")), None)
    if schema is not None:
        what = "an event type" if schema.sort == "event" else f"a column of `{schema.owner}`"
        raise RefusedError(f"`{schema.name}` is {what}")
    if not any(o.defines for here in found.values() for o in here):
        raise RefusedError("what is named here is defined nowhere")
    shipped = next((p for p in found if p not in project.own), None)
    if shipped is not None:
        raise RefusedError(f"it is named in {shipped.name}, which is shipped")
    small = any(s.sort == "param" or _is_file(s) for s in same)
    if not (_SMALL if small else _NAME).fullmatch(new):
        letters = "small letters, digits and `_`" if small else "letters, digits and `_`"
        raise RefusedError(f"`{new}` is no name: it is made of {letters}, a letter first")
    if new in reserved():
        raise RefusedError(f"`{new}` is a word of the language")


def _order(symbol: Symbol) -> tuple[str, ...]:
    return symbol.sort, symbol.home, symbol.owner, symbol.name


def _is_file(symbol: Symbol) -> bool:
    return symbol.sort == "list" or (symbol.sort == "relation" and symbol.name == symbol.home)


def _verify(
    project: Project,
    edits: dict[Path, tuple[Edit, ...]],
    moves: tuple[tuple[Path, Path], ...],
    same: set[Symbol],
    new: str,
) -> None:
    """Read everything again; refuse where a fault is new or another name changed its meaning."""
    moved = dict(moves)
    texts = {p: applied(project.own[p], e) for p, e in edits.items()}
    own = {moved.get(p, p): texts.get(p, t) for p, t in project.own.items()}
    after = type(project)(own, project.floor)
    for path in edits:
        target = moved.get(path, path)
        old = Counter((d.code, d.severity) for d in project.diagnostics(path))
        fresh = [d for d in after.diagnostics(target) if (d.code, d.severity) not in old]
        if fresh:
            raise RefusedError(f"then {target.name} would be wrong: {fresh[0].message}")
        if _meanings(project, path, same, new) != _meanings(after, target, set(), new):
            raise RefusedError(f"`{new}` would mean something else in {target.name}")


def _meanings(
    project: Project, path: Path, same: set[Symbol], new: str
) -> list[tuple[int, frozenset[tuple[str, str]]]]:
    """The names of a file in their order, as they are called after the rename."""
    return [
        (
            o.span.line,
            frozenset((s.sort, new if s in same else s.name) for s in o.symbols),
        )
        for o in project.occurrences(path)
    ]
