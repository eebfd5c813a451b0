"""Folders of detections made from fragments, and the blocks of the catalogue on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsl.codes import Code
from dsl.load import load

CATALOGUE = Path(__file__).parent / "catalogue.txt"


def _blocks():
    parts = re.split(r"^### (.*)\n", CATALOGUE.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture(scope="session")
def blocks():
    """All blocks of the catalogue, by their heading."""
    return _blocks()


@pytest.fixture
def loaded(tmp_path):
    """Load a fragment framed as `dsl.codes` frames examples."""

    def run(text, frame="keys"):
        for path, content in Code("", "", "", "", "", frame).files(text).items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return load([tmp_path], tmp_path)

    return run


@pytest.fixture
def told(loaded):
    """The codes and messages of a fragment."""

    def run(text, frame="keys"):
        return [(d.code, d.message) for d in loaded(text, frame).diagnostics.items]

    return run


@pytest.fixture
def rule_test(loaded):
    """The single test of a file, from its lines."""

    def run(text):
        catalogue = loaded(text, "test")
        assert not catalogue.diagnostics.items, catalogue.diagnostics.items
        return catalogue.detections["example"].tests[0]

    return run
