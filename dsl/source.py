"""A YAML file with its positions: plain data, and the place in the file of every key and value.

PyYAML's `compose()` gives nodes with marks. The mark of a literal block points at its `|` and the
value has lost its indentation, so a place in the block is found by laying the value's lines over
the file's. Knows no key of any envelope.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import yaml

from dsl.diagnostics import Diagnostic, Diagnostics, Span
from dsl.yaml_data import Place, Plain, Reader
from dsl.yaml_errors import explain_yaml_error

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.faults import Fault
    from dsl.syntax import At

__all__ = ["Place", "Plain", "Source", "parse_source", "read_text", "shown_name"]
# beside control characters the line breaks that YAML knows and editors do not show as such
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]"
)
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Source:
    """One file: its lines as an editor counts them, its data, and where everything stands.

    `keys` and `values` map a place, such as `("params", "window", "default")`, to its span; list
    items are numbered from 0.
    """

    file: str
    text: str
    data: Plain = None
    keys: dict[Place, Span] = field(default_factory=dict)
    values: dict[Place, Span] = field(default_factory=dict)
    nodes: dict[Place, yaml.ScalarNode] = field(default_factory=dict, repr=False)
    lines: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.lines = re.split(r"\r\n|\r|\n", self.text)

    def block(self, *place: str | int) -> str:
        """The text of a scalar, `("detect",)` if no place is named."""
        node = self.nodes.get(place or ("detect",))
        return str(node.value) if node else ""

    def is_linear(self, *place: str | int) -> bool:
        """Do offsets of the scalar map one to one to the file: a literal block or a plain line?"""
        node = self.nodes.get(place or ("detect",))
        return node is not None and (node.style == "|" or self._on_one_line(node))

    def span(self, at: At, *place: str | int) -> Span:
        """The place in the file of a range of a scalar's text; of `detect` unless named.

        A range over several lines is cut at its first line's end. A scalar that is not linear is
        marked as a whole.
        """
        place = place or ("detect",)
        node = self.nodes.get(place)
        if node is None:
            return Span(1, 1)
        if not self.is_linear(*place):
            return self.values[place]
        value = str(node.value)
        start = min(at.start, len(value))
        row = value.count("\n", 0, start)
        column = start - (value.rfind("\n", 0, start) + 1)
        end_of_line = value.find("\n", start)
        stop = at.end if end_of_line < 0 else min(at.end, end_of_line)
        length = max(1, stop - start)
        if node.style != "|":
            quote = 1 if node.style else 0
            mark = node.start_mark
            return Span(mark.line + 1, mark.column + 1 + quote + column, length)
        first = node.start_mark.line + 1
        if row and start == len(value):  # the end of the block: behind its last line
            row = value.rstrip("\n").count("\n")
            column = len(value.rstrip("\n").rpartition("\n")[2])
        return Span(first + row + 1, self.indent(*place) + column + 1, length)

    def place(self, *place: str | int) -> Span:
        """Where a value stands, else its key, else the nearest thing around it."""
        while place and place not in self.values:
            place = place[:-1]
        return self.values.get(place, Span(1, 1))

    def key(self, *place: str | int) -> Span:
        """Where a key stands; an item of a list: where it begins."""
        return self.keys.get(place) or self.place(*place)

    def diagnostic(self, fault: Fault, *place: str | int) -> Diagnostic:
        """A fault of the block as a diagnostic of the file."""
        return Diagnostic(
            code=fault.code,
            message=fault.message,
            file=self.file,
            span=self.span(fault.at, *place),
            label=fault.label,
            hint=fault.hint,
            notes=fault.notes,
            severity=fault.severity,
        )

    def indent(self, *place: str | int) -> int:
        """Blanks that YAML took off every line of a literal block; 0 for an empty one."""
        node = self.nodes[place or ("detect",)]
        first = node.start_mark.line + 1
        for i, line in enumerate(str(node.value).split("\n")):
            if line.strip() and first + i < len(self.lines):
                return len(self.lines[first + i]) - len(line)
        return 0

    def _on_one_line(self, node: yaml.ScalarNode) -> bool:
        quote = 1 if node.style in {"'", '"'} else 0
        start, end = node.start_mark, node.end_mark
        raw = self.lines[start.line][start.column + quote : end.column - quote]
        return start.line == end.line and raw == node.value


def shown_name(path: Path, root: Path | None) -> str:
    """A file's name in diagnostics: relative to `root` where it lies below."""
    return str(path.relative_to(root) if root and path.is_relative_to(root) else path)


def read_text(path: Path, shown: str, diagnostics: Diagnostics) -> str | None:
    """The file's text; None and a diagnostic where it cannot be read or is not UTF-8."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        diagnostics.add(Diagnostic("D0601", message, shown))
        return None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = "the file is not UTF-8"
        diagnostics.add(Diagnostic("D0602", message, shown, Span(line, 1), "not UTF-8 here"))
        return None
    return text.removeprefix("\ufeff")


def parse_source(file: str, text: str, diagnostics: Diagnostics) -> Source | None:
    """The source of a text; None where it is no YAML mapping. Faults are added."""
    source = Source(file, text)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        span = _span_of_offset(text, forbidden.start())
        message = f"the character U+{ord(forbidden[0]):04X} is not allowed"
        hint = "write it as an escape in a quoted text"
        diagnostics.add(Diagnostic("D0602", message, file, span, "not printable", hint))
        return None
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        diagnostics.add(explain_yaml_error(error, source.lines, file))
        return None
    except RecursionError:
        diagnostics.add(Diagnostic("D0601", "the file is nested too deeply", file))
        return None
    if not isinstance(node, yaml.MappingNode):
        message = "the file is no mapping of keys to values"
        hint = "begin with `atp: 1`"
        diagnostics.add(Diagnostic("D0601", message, file, Span(1, 1), hint=hint))
        return None
    reader = Reader(source.lines, source.keys, source.values, source.nodes)
    source.data = reader.value(node, ())
    for code, message, span, hint in reader.faults:
        diagnostics.add(Diagnostic(code, message, file, span, hint=hint))
    return source


def _span_of_offset(text: str, offset: int) -> Span:
    before = re.split(r"\r\n|\r|\n", text[:offset])
    return Span(len(before), len(before[-1]) + 1)
