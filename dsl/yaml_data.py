"""Nodes of PyYAML -> plain data and the places of every key and value.

Scalars are read as YAML 1.2's core schema means them (`no`, `on` and `12:30` are texts, dates too);
aliases, tags and duplicate keys are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import yaml

from dsl.diagnostics import Span

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Place = tuple[str | int, ...]

_INT: Final = re.compile(r"[-+]?[0-9]+|0x[0-9A-Fa-f]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, Plain]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_TAGS: Final = frozenset(
    "tag:yaml.org,2002:" + name
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
)
_MOST_DEPTH: Final = 40


@dataclass(slots=True)
class Reader:
    """Walks nodes once, filling `keys`, `values` and `nodes` (scalars) by place.

    `lines` are those of the file; `faults` gathers (code, message, span, hint).
    """

    lines: list[str]
    keys: dict[Place, Span]
    values: dict[Place, Span]
    nodes: dict[Place, yaml.ScalarNode]
    faults: list[tuple[str, str, Span, str]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, place: Place) -> Plain:
        """The data of a node that stands at a place."""
        span = self._span(node)
        self.values[place] = span
        if id(node) in self.seen or len(place) > _MOST_DEPTH:
            hint = "write the value out"
            self.faults.append(("D0610", "anchors and aliases are not accepted", span, hint))
            return None
        self.seen.add(id(node))
        if node.tag not in _TAGS:
            message = f"the tag `{node.tag}` is not accepted"
            self.faults.append(("D0610", message, span, "leave the tag out"))
        if isinstance(node, yaml.ScalarNode):
            self.nodes[place] = node
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, i)) for i, item in enumerate(node.value)]
        return self._mapping(node, place)

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, Plain]:
        data: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            span = self._span(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(("D0601", "a key is one word", span, "write `key: value`"))
                continue
            key = str(key_node.value)
            if key in data:
                first = self.keys[(*place, key)]
                hint = f"it stands in line {first.line} already; keep one of the two"
                self.faults.append(("D0603", f"the key `{key}` stands twice", span, hint))
                continue
            self.keys[(*place, key)] = span
            data[key] = self.value(value_node, (*place, key))
        return data

    def _span(self, node: yaml.Node) -> Span:
        start, end = node.start_mark, node.end_mark
        one_line = start.line == end.line
        length = end.column - start.column if one_line else 1
        if not one_line and isinstance(node, yaml.ScalarNode) and node.style not in {"|", ">"}:
            length = len(self.lines[start.line].rstrip()) - start.column
        return Span(start.line + 1, start.column + 1, max(1, length))


def _scalar(node: yaml.ScalarNode) -> Plain:
    text = str(node.value)
    if node.style:  # quoted or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 16) if text.startswith("0x") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
