"""Diagnostics as text for people, JSON lines for programs, annotations for GitHub.

What is shown comes from files that anyone may have written: control characters, and those that
turn the direction of writing, are shown escaped and never reach the terminal.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dsl.diagnostics import Diagnostic, Span

_TAB: Final = "    "
_WIDEST: Final = 160
_RED, _YELLOW, _BLUE, _BOLD, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"


def render_text(
    diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], *, colour: bool = False
) -> str:
    """All diagnostics, each with its line of the file, then how many there are.

    `texts` holds the files by the names that the diagnostics use; a line that is not at hand is
    left out.
    """
    kept = list(diagnostics)
    parts = [_one(d, texts.get(d.file), colour=colour) for d in kept]
    if kept:
        errors = sum(d.severity == "error" for d in kept)
        warnings = len(kept) - errors
        counts = [_count(errors, "error")] if errors else []
        counts += [_count(warnings, "warning")] if warnings else []
        parts.append(", ".join(counts) + "\n")
    return "\n".join(parts)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One JSON object a line: code, severity, message, file, line, column, length, label, hint,
    notes. Places are null where a diagnostic concerns the whole file.
    """
    lines = []
    for d in diagnostics:
        shown = {
            "code": d.code,
            "severity": d.severity,
            "message": d.message,
            "file": d.file,
            "line": d.span.line if d.span else None,
            "column": d.span.column if d.span else None,
            "length": d.span.length if d.span else None,
            "label": d.label,
            "hint": d.hint,
            "notes": d.notes,
        }
        lines.append(msgspec.json.encode(shown).decode() + "\n")
    return "".join(lines)


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands: `::error file=…,line=…,col=…,title=…::message`."""
    lines = []
    for d in diagnostics:
        place = [("file", d.file)]
        if d.span:
            place += [
                ("line", str(d.span.line)),
                ("col", str(d.span.column)),
                ("endColumn", str(d.span.column + d.span.length)),
            ]
        place.append(("title", d.code))
        properties = ",".join(f"{key}={_property(value)}" for key, value in place)
        told = [d.message, d.label, *d.notes, f"hint: {d.hint}" if d.hint else ""]
        message = _command("\n".join(part for part in told if part))
        lines.append(f"::{d.severity} {properties}::{message}\n")
    return "".join(lines)


def safe(text: str) -> str:
    """The text as it may be printed: controls and direction marks escaped, tabs as blanks."""
    return "".join(map(_shown, text))


def _one(d: Diagnostic, text: str | None, *, colour: bool) -> str:
    accent = _RED if d.severity == "error" else _YELLOW

    def paint(code: str, shown: str) -> str:
        return f"{code}{shown}{_PLAIN}" if colour else shown

    head = paint(accent + _BOLD, f"{d.severity}[{d.code}]") + paint(_BOLD, f": {safe(d.message)}")
    place = safe(d.file) + (f":{d.span.line}:{d.span.column}" if d.span else "")
    lines = text.split("\n") if text is not None else []
    number = str(d.span.line) if d.span else ""
    margin = " " * max(2, len(number))
    bar = paint(_BLUE, "|")
    out = [head, f"{margin}{paint(_BLUE, '-->')} {place}"]
    if d.span and d.span.line <= len(lines):
        line, before, marked = _excerpt(lines[d.span.line - 1].rstrip("\r"), d.span)
        caret = paint(accent, "^" * max(1, marked) + (f" {safe(d.label)}" if d.label else ""))
        out += [
            f"{margin} {bar}",
            f"{paint(_BLUE, number.rjust(len(margin)))} {bar} {line}",
            f"{margin} {bar} {' ' * before}{caret}",
        ]
    elif d.label:
        out.append(f"{margin} {paint(_BLUE, '=')} {safe(d.label)}")
    for name, told in [("note", note) for note in d.notes] + [("hint", d.hint)]:
        if told:
            out.append(f"{margin} {paint(_BLUE, '=')} {name}: {safe(told)}")
    return "\n".join(out) + "\n"


def _excerpt(line: str, span: Span) -> tuple[str, int, int]:
    """The shown line, the columns before the mark and those marked; a long line is cut."""
    start = min(span.column - 1, len(line))
    end = min(start + span.length, len(line))
    cut = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    head, marked = line[cut:start], line[start:end]
    tail = line[end : cut + _WIDEST]
    dots, more = ("…" if cut else ""), ("…" if cut + _WIDEST < len(line) else "")
    shown = dots + safe(head + marked + tail) + more
    return shown.rstrip(), len(dots) + _columns(head), _columns(marked[:_WIDEST])


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    category = unicodedata.category(character)
    if category in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
    return character


def _columns(text: str) -> int:
    """How many columns a terminal takes for a text once it is shown."""
    return sum(_width(c) for c in safe(text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _count(n: int, word: str) -> str:
    return f"{n} {word}" + ("" if n == 1 else "s")


def _command(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _command(text).replace(":", "%3A").replace(",", "%2C")
