"""The one layout of a `detect` block.

A statement stands on one line if it fits; else each clause has a line of its own, and the columns
of a long `compute`, `learn` or `let` too. The `=` of neighbouring relations are aligned. Comments
and single blank lines are kept. In a file only the block is rewritten.

The layout depends on tokens, comments and blank lines alone, so that formatting twice changes
nothing, and no token is changed, so that the meaning stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostics
from dsl.format_tokens import Piece, Statement, line, statements
from dsl.parse import parse
from dsl.source import parse_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.diagnostics import Diagnostic
    from dsl.faults import Fault

WIDTH: Final = 100
_STEP: Final = 2
_CLAUSES: Final[dict[str, frozenset[str]]] = {
    "MATCH": frozenset({"WHERE", "LET"}),
    "UNION": frozenset(),
    "WINDOW": frozenset({"COMPUTE", "HAVING"}),
    "SEQUENCE": frozenset({"THEN"}),
    "ABSENCE": frozenset({"WHERE", "FOLLOWING", "PRECEDING"}),
    "JOIN": frozenset({"ON", "KEEP"}),
    "PROFILE": frozenset({"LEARN", "READY", "PEERS"}),
    "MODEL": frozenset({"USING"}),
    "SCORE": frozenset(),
    "ALERT": frozenset({"SEVERITY", "CONFIDENCE", "WHEN", "EXCEPT", "DEDUP"}),
}
_COLUMNS: Final = frozenset({"COMPUTE", "LEARN", "LET"})


def format_block(text: str, width: int = WIDTH - _STEP) -> tuple[str, list[Fault]]:
    """The block laid out in `width` columns; as it was, with its faults, if it cannot be read."""
    _, faults = parse(text)
    if faults:
        return text, faults
    return layout(text, width), []


def layout(text: str, width: int = WIDTH - _STEP) -> str:
    """A faultless block laid out. Raises lark's `UnexpectedInput` where it has a fault."""
    found, tail = statements(text)
    lines: list[str] = []
    margins = _margins(found)
    for statement, margin in zip(found, margins, strict=True):
        lines += _statement(statement, margin, width)
    lines += tail
    return "\n".join(lines) + "\n"


def format_file(file: str, text: str) -> tuple[str, list[Diagnostic]]:
    """A whole file with its literal block `detect` laid out; all else stays as it is."""
    diagnostics = Diagnostics()
    source = parse_source(file, text, diagnostics)
    node = source.nodes.get(("detect",)) if source else None
    if source is None or node is None or node.style != "|":
        return text, diagnostics.items
    value = str(node.value)
    first = node.start_mark.line + 1
    indent = source.indent("detect") or _STEP
    block, faults = format_block(value, WIDTH - indent)
    if faults:
        return text, [source.diagnostic(fault) for fault in faults]
    kept = value.rstrip("\n").count("\n") + 1
    ending = "\r\n" if "\r\n" in text else "\n"
    laid = [" " * indent + row if row else "" for row in block.rstrip("\n").split("\n")]
    return ending.join(source.lines[:first] + laid + source.lines[first + kept :]), []


def _margins(found: Sequence[Statement]) -> list[int]:
    """For each statement the width of its name, the widest of its group; 0 for an alert."""
    margins = [0] * len(found)
    start = 0
    for i in range(len(found) + 1):
        if i < len(found) and found[i].verb != "ALERT" and not ("" in found[i].above and i > start):
            continue
        group = range(start, i)
        widest = max((len(found[j].pieces[0].text) for j in group), default=0)
        for j in group:
            margins[j] = widest
        start = i if i < len(found) and found[i].verb != "ALERT" else i + 1
    return margins


def _statement(statement: Statement, margin: int, width: int) -> list[str]:
    pieces = statement.pieces
    above = statement.above
    pieces[0].text = pieces[0].text.ljust(margin)
    whole = line(pieces)
    inner = any(p.beside for p in pieces[:-1]) or any(p.above for p in pieces[1:])
    if len(whole) <= width and not inner:
        return [*above, _with_remark(whole, pieces[-1])]
    indent = _STEP if statement.verb == "ALERT" else margin + 3 + _STEP
    segments = _segments(statement)
    lines = _filled(segments[0], 0, indent, width)
    for segment in segments[1:]:
        lines += _clause(segment, indent, width)
    return [*above, *lines]


def _segments(statement: Statement) -> list[list[Piece]]:
    """The head and the clauses: terms of a score and the first step of a sequence begin one too."""
    clauses = _CLAUSES[statement.verb]
    segments: list[list[Piece]] = [[]]
    pieces = statement.pieces
    for i, piece in enumerate(pieces):
        before = pieces[i - 1].type if i else ""
        starts = piece.type in clauses and piece.depth == 0
        if statement.verb == "SEQUENCE":
            starts = starts or (before == "COLON" and pieces[i - 1].depth == 0)
        if statement.verb == "SCORE":
            starts = _begins_term(pieces, i)
        if starts:
            segments.append([])
        segments[-1].append(piece)
    return segments


def _begins_term(pieces: Sequence[Piece], i: int) -> bool:
    """A term of a score begins after the colon, and after the points and reason of another."""
    if i < 2 or pieces[i].depth:
        return False
    if pieces[i - 1].type == "COLON":
        return True
    reason = 1 if pieces[i - 1].type == "STRING" else 0
    points = i - 1 - reason
    ends = points >= 2 and pieces[points].type == "NUMBER" and pieces[points - 2].type == "ARROW"
    return ends and pieces[points - 2].depth == 0 and (reason == 1 or pieces[i].type != "STRING")


def _clause(segment: list[Piece], indent: int, width: int) -> list[str]:
    fits = indent + len(line(segment)) <= width
    quiet = not any(p.beside for p in segment[:-1]) and not any(p.above for p in segment[1:])
    if segment[0].type not in _COLUMNS or (fits and quiet):
        return _filled(segment, indent, indent + _STEP, width)
    items: list[list[Piece]] = [[]]
    for piece in segment[1:]:
        items[-1].append(piece)
        if piece.type == "COMMA" and piece.depth == 0:
            items.append([])
    widest = max(len(item[0].text) for item in items)
    lines = _filled(segment[:1], indent, indent, width)
    for item in items:
        item[0].text = item[0].text.ljust(widest)
        lines += _filled(item, indent + _STEP, indent + 2 * _STEP, width)
    return lines


def _filled(pieces: list[Piece], first: int, rest: int, width: int) -> list[str]:
    """The pieces on as few lines as fit: broken before `and`, `or` and after commas, outside of
    brackets rather than inside; and after every comment.
    """
    lines: list[str] = []
    indent = first
    while pieces:
        lines += [" " * indent + remark for remark in pieces[0].above]
        size = _fitting(pieces, width - indent)
        row, pieces = pieces[:size], pieces[size:]
        lines.append(_with_remark(" " * indent + line(row), row[-1]))
        indent = rest
    return lines


def _fitting(pieces: Sequence[Piece], room: int) -> int:
    """How many pieces go on the next line."""
    forced = next(
        (i for i in range(1, len(pieces)) if pieces[i].above or pieces[i - 1].beside), len(pieces)
    )
    reached = 0
    fitting: list[int] = []
    for i in range(forced):
        if i and _breaks_before(pieces, i):
            if reached <= room:
                fitting.append(i)
            elif not fitting:
                return i
        reached += len(pieces[i].text) + (pieces[i].space and i > 0)
        if reached > room and fitting:
            break
    else:
        if reached <= room or not fitting:
            return forced
    shallow = min(_depth(pieces, i) for i in fitting)
    return max(i for i in fitting if _depth(pieces, i) == shallow)


def _breaks_before(pieces: Sequence[Piece], i: int) -> bool:
    return pieces[i].type in {"AND", "OR"} or pieces[i - 1].type == "COMMA"


def _depth(pieces: Sequence[Piece], i: int) -> int:
    return pieces[i - 1].depth if pieces[i - 1].type == "COMMA" else pieces[i].depth


def _with_remark(text: str, piece: Piece) -> str:
    return f"{text}  {piece.beside}" if piece.beside else text
