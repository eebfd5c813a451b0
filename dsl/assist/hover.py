"""What stands under a cursor, anywhere in a file: Markdown and the place it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.assist import meaning
from dsl.assist.layout import lines_of, literal
from dsl.assist.rename import occurrence_at
from dsl.diagnostics import Span
from dsl.envelope_schema import envelope_schema
from dsl.schema.registry import event_types

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.assist.project import Project
    from dsl.assist.view import View

_WORD: Final = re.compile(r"\w+")
_CODE: Final = re.compile(r"D\d{4}")


@dataclass(frozen=True, slots=True)
class Hover:
    """`text` is Markdown; `key` names the top-level key under the cursor, if it is one."""

    text: str
    span: Span
    key: str = ""


def hover(project: Project, path: Path, line: int, column: int) -> Hover | None:
    """What stands at a line and column, from 1; None where nothing is known of it."""
    view = project.view(path)
    found = occurrence_at(project, path, line, column)
    if found is not None:
        texts = {meaning.of_symbol(project, view, s) for s in found.symbols} - {""}
        return Hover("\n\n---\n\n".join(sorted(texts)), found.span) if texts else None
    lines = lines_of(view.text)
    if line > len(lines):
        return None
    word = _word(lines[line - 1], column)
    if word is None:
        return None
    span = Span(line, word.start() + 1, len(word[0]))
    if _CODE.fullmatch(word[0]):
        return _told(meaning.of_code(word[0]), span)
    block = literal(view.text, "detect")
    if block is not None and block.offset(line - 1, column - 1) is not None:
        return _told(meaning.of_word(word[0]), span)
    return _in_envelope(view, span)


def _in_envelope(view: View, span: Span) -> Hover | None:
    """Keys of the envelope, event types and fields in tests."""
    if view.source is None:
        return None
    place = next(
        (p for p, s in view.source.keys.items() if s.line == span.line and s.column == span.column),
        (),
    )
    match place:
        case (str(key),):
            described = _described(key)
            return Hover(f"**{key}**: {described}" if described else "", span, key)
        case ("tests", int(), "given" | "given+", int(), str(event), str(name)) if (
            event in event_types()
        ):
            return _told(meaning.of_field(event, name), span)
        case ("tests", int(), "given" | "given+", int(), str(event)) if event in event_types():
            return _told(meaning.of_event(event), span)
        case _:
            return None


def _described(key: str) -> str:
    properties = envelope_schema()["properties"]
    found = properties.get(key) if isinstance(properties, dict) else None
    return str(found.get("description", "")) if isinstance(found, dict) else ""


def _told(text: str, span: Span) -> Hover | None:
    return Hover(text, span) if text else None


def _word(line: str, column: int) -> re.Match[str] | None:
    at = column - 1
    return next((m for m in _WORD.finditer(line) if m.start() <= at <= m.end()), None)
