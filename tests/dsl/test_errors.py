"""Wrong detections: each gives one diagnostic, at the right place, with the way out.

The first line of each file says what is expected.
"""

import re
from pathlib import Path

import pytest

from dsl.check import check
from dsl.diagnostics import Span
from dsl.load import load
from dsl.render import render_text

FILES = sorted((Path(__file__).parent / "errors").glob("*.yaml"))
EXPECTED = re.compile(r"# (D\d{4}) at (\d+):(\d+), (\d+) long; hint:(?: (.*))?")
GRAMMAR = (Path(__file__).parents[2] / "dsl" / "grammar.lark").read_text()
TERMINALS = re.findall(r"^([A-Z_]+)(?:\.\d)?:", GRAMMAR, re.MULTILINE)


def found(path):
    catalogue = load([path])
    diagnostics = list(catalogue.diagnostics.items)
    for detection in catalogue.detections.values():
        diagnostics += check(detection, catalogue.relations, catalogue.lists)[1]
    return diagnostics


def test_there_are_many():
    assert len(FILES) >= 25


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_one_diagnostic_at_the_place(path):
    text = path.read_text()
    code, line, column, length, hint = EXPECTED.match(text).groups()
    diagnostics = found(path)
    assert [d.code for d in diagnostics] == [code], diagnostics
    (diagnostic,) = diagnostics
    assert diagnostic.span == Span(int(line), int(column), int(length))
    assert (hint or "") in diagnostic.hint


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_rendered_for_people(path):
    text = path.read_text()
    _, line, _, length, _ = EXPECTED.match(text).groups()
    diagnostics = found(path)
    shown = render_text(diagnostics, {d.file: text for d in diagnostics})
    assert re.search(rf"(?<!\^)\^{{{length}}}(?!\^)", shown)
    assert text.split("\n")[int(line) - 1].strip()[:30] in shown
    (diagnostic,) = diagnostics
    told = f"{diagnostic.message} {diagnostic.label} {diagnostic.hint}"
    assert not [t for t in TERMINALS if re.search(rf"\b{t}\b", told)]
    assert not diagnostic.message.endswith(".")
