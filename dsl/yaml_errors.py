"""PyYAML's complaints in words of people who write rules.

The commonest cause is a line of the `detect` block that is indented less than the block; YAML then
complains about something else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostic, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    import yaml

_OPENING: Final = re.compile(r"^([ ]*)(?:- )?([\w~+]+):\s*\|[-+\d]*\s*(?:#.*)?$")
_WORDS: Final = (
    ("mapping values are not allowed", "a `: ` stands inside a plain value",
     "put the value in quotes, or use a block `|`"),
    ("could not find expected ':'", "a key without `:`", "write `key: value`"),
    ("cannot start any token", "the character cannot begin a value",
     "put the value in quotes; indent with blanks, not tabs"),
    ("unexpected end of stream", "a quote or bracket is not closed", "close it"),
    ("expected ',' or", "a comma or closing bracket is missing", "add it"),
    ("expected <block end>", "the indentation does not fit the lines above",
     "give all keys of one mapping, or items of one list, the same indentation"),
    ("expected key", "the indentation does not fit the lines above",
     "give all keys of one mapping the same indentation"),
    ("expected '-' indicator", "the indentation does not fit the lines above",
     "give all items of one list the same indentation"),
    ("expected alphabetic", "`&` and `*` begin anchors and aliases", "put the value in quotes"),
    ("another document", "a second document begins", "a file holds one detection, relation or list"),
    ("undefined alias", "`*` begins an alias", "put the value in quotes"),
    ("unknown escape", "the escape is unknown",
     "use single quotes, where a backslash is an ordinary character"),
    ("unacceptable character", "the character is not allowed", ""),
)  # fmt: skip


def explain_yaml_error(error: yaml.YAMLError, lines: Sequence[str], file: str) -> Diagnostic:
    """One diagnostic for what PyYAML could not read."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    line, column = (mark.line, mark.column) if mark else (0, 0)
    line = min(line, len(lines) - 1)
    misplaced = _left_of_block(lines, line)
    if misplaced is not None:
        return misplaced_line(lines, misplaced, file)
    message, hint = next(
        ((said, way) for known, said, way in _WORDS if known in problem),
        (f"not valid YAML: {problem}", ""),
    )
    if "\t" in lines[line][: column + 1]:
        message, hint = "a tab stands in the indentation", "indent with blanks"
    return Diagnostic("D0601", message, file, Span(line + 1, column + 1), hint=hint)


def misplaced_line(lines: Sequence[str], place: tuple[str, int, int], file: str) -> Diagnostic:
    """A line indented less than the literal block it seems to belong to."""
    key, row, indent = place
    text = lines[row]
    column = len(text) - len(text.lstrip())
    message = f"the line ends the block `{key}`, whose lines are indented by {indent}"
    hint = f"indent it by at least {indent} blanks"
    span = Span(row + 1, column + 1, max(1, len(text.strip())))
    return Diagnostic("D0620", message, file, span, "indented less than the block", hint)


def _left_of_block(lines: Sequence[str], fault: int) -> tuple[str, int, int] | None:
    """(key, line, block's indentation) if the fault comes from a line that fell out of a block."""
    for opening in range(fault, -1, -1):
        match = _OPENING.match(lines[opening])
        if not match:
            continue
        indent = 0
        for row in range(opening + 1, len(lines)):
            text = lines[row]
            if not text.strip():
                continue
            here = len(text) - len(text.lstrip(" "))
            indent = indent or here
            if here >= indent > len(match[1]):
                continue
            is_key = re.match(r" *(?:- )?[\w~+]+:(?:\s|$)", text) or text.lstrip().startswith("#")
            outside = here <= len(match[1]) and is_key
            return None if outside or row > fault + 1 else (match[2], row, indent)
        return None
    return None
