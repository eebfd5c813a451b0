"""Blocks as whole detections: loaded from files, or put together and checked."""

import re
from pathlib import Path

import pytest

from dsl.catalogue import Detection, ListFile, SharedRelation
from dsl.check import check
from dsl.codes import Code
from dsl.diagnostics import Diagnostics
from dsl.envelope import Envelope
from dsl.load import load
from dsl.params import Param
from dsl.parse import parse
from dsl.source import parse_source


def _read(name, block, explain):
    indented = "".join(f"  {line.strip()}\n" for line in block.strip().split("\n"))
    text = f"id: {name}\nexplain: {explain}\ndetect: |\n{indented}"
    found = Diagnostics()
    source = parse_source(f"{name}.yaml", text, found)
    assert not found.items, found.items
    parsed, faults = parse(source.block("detect"))
    assert not faults, faults
    return source, parsed


def _check(block, params=None, shared=None, lists=None, explain="seen"):
    """`params`: name -> (type, default), `shared`: id -> block, `lists`: name -> kind."""
    source, parsed = _read("example", block, explain)
    declared = {n: Param(n, *p, help="") for n, p in (params or {}).items()}
    envelope = Envelope(
        id="example", version=3, title="t", severity="medium", confidence=50, external_id=None,
        kill_chain="", mitre=(), description="", references=(), false_positives=(),
        known_gaps=(), respond=(), params=declared, explain=explain, evidence=(),
    )  # fmt: skip
    path = Path("example.yaml")
    files = {n: ListFile(n, k, "", (), source, path) for n, k in (lists or {}).items()}
    relations = {}
    for name, inner in (shared or {}).items():
        inner_source, inner_parsed = _read(name, inner, "seen")
        relations[name] = SharedRelation(name, "", "", inner_parsed, (), inner_source, path)
    return check(Detection(envelope, parsed, (), source, path), relations, files)


@pytest.fixture
def checked():
    """A function: block -> (plan or None, diagnostics)."""
    return _check


@pytest.fixture
def planned():
    """A function: block -> plan; the block must be faultless but for warnings."""

    def plan(block, **rest):
        built, found = _check(block, **rest)
        assert built is not None, found
        return built

    return plan


@pytest.fixture(scope="session")
def blocks():
    """All blocks of the catalogue on paper, by their heading."""
    text = (Path(__file__).parent / "catalogue.txt").read_text()
    parts = re.split(r"^### (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture
def loaded(tmp_path):
    """A function: fragment -> catalogue; framed as `dsl.codes` frames its examples."""

    def run(text, frame="keys"):
        for path, content in Code("", "", "", "", "", frame).files(text).items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return load([tmp_path], tmp_path)

    return run


@pytest.fixture
def told(loaded):
    """A function: fragment -> codes and messages."""

    def run(text, frame="keys"):
        return [(d.code, d.message) for d in loaded(text, frame).diagnostics.items]

    return run


@pytest.fixture
def rule_test(loaded):
    """A function: lines of a test -> the test."""

    def run(text):
        catalogue = loaded(text, "test")
        assert not catalogue.diagnostics.items, catalogue.diagnostics.items
        return catalogue.detections["example"].tests[0]

    return run
