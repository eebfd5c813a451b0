"""PyYAML's complaints, and above all the line that fell out of a block."""

import pytest
import yaml

import dsl.source
from dsl.diagnostics import Diagnostics
from dsl.source import parse_source

CASES = [
    ("detect: |\n   t = match a\n  alert t as (actor: a)\nx: 1\n", "D0620", 3),
    ("detect: |\n   t = match a\n b = c\nx: 1\n", "D0620", 3),
    ("detect: |\n    t = match a\n\n  # remark\n  b = c\nx: 1\n", "D0620", 4),
    ("a:\n  detect: |\n     t = match a\n    b = c\n", "D0620", 4),
    ("detect: alert t as (actor: a)\n", "D0601", 1),
    ("a: 'x\nb: 2\n", "D0601", None),
    ("a:\n\tb: 2\n", "D0601", 2),
    ("a: 1\n  b: 2\n", "D0601", None),
    ("a:\n  - b: 1\n    c: 2\n   d: 3\n", "D0601", 4),
    ("a: 1\n---\nb: 1\n", "D0601", 2),
    ("a: @list\n", "D0601", 1),
    ("a: *x\n", "D0601", 1),
    ('a: "\\q"\n', "D0601", 1),
]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, dsl.source._Loader])
@pytest.mark.parametrize(("text", "code", "line"), CASES)
def test_both_parsers_of_yaml_are_explained(text, code, line, loader, monkeypatch):
    monkeypatch.setattr(dsl.source, "_Loader", loader)
    diagnostics = Diagnostics()
    assert parse_source("f.yaml", text, diagnostics) is None
    (fault,) = diagnostics.items
    assert fault.code == code
    assert line is None or fault.span.line == line
    assert "not valid YAML" not in fault.message
    assert fault.hint


def test_the_line_that_fell_out_is_marked_whole():
    diagnostics = Diagnostics()
    parse_source("f", "detect: |\n    t = match a\n  b = c\nx: 1\n", diagnostics)
    fault = diagnostics.items[0]
    assert "indented by 4" in fault.message
    assert (fault.span.column, fault.span.length) == (3, 5)
