"""The place of a cursor: told by YAML's own reader for whole files, by a table for begun ones."""

import pytest

from dsl.assist.yaml_place import yaml_place
from dsl.diagnostics import Diagnostics
from dsl.source import parse_source

TABLE = [
    ("atp: 1\nsev¦", (), True, "sev"),
    ("atp: 1\nseverity: me¦", ("severity",), False, "me"),
    ("params:\n  x: {type: ¦", ("params", "x", "type"), False, ""),
    ("params:\n  x: {type: int, de¦", ("params", "x"), True, "de"),
    ("params:\n  x:\n    type: int\n    ¦", ("params", "x"), True, ""),
    ("mitre: [T1, ¦", ("mitre", 1), False, ""),
    ("tests:\n  - name: a\n    given:\n      - {at: 1m, k: {o: ¦", ("tests", 0, "given", 0, "k", "o"), False, ""),
    ("tests:\n  - given:\n      - at: 1m\n        k: {a: x,\n          ou¦", ("tests", 0, "given", 0, "k"), True, "ou"),
    ("tests:\n  - name: a\n    expect: []\n  - na¦", ("tests", 1), True, "na"),
    ("tests:\n- name: a\n- na¦", ("tests", 1), True, "na"),
    ("tests:\n  - given+:\n      - ¦", ("tests", 0, "given+", 0), True, ""),
    ('a: "x: {"\nb: |\n  c {\n  d: e\nev¦', (), True, "ev"),
    ("a: x # {\nb¦", (), True, "b"),
    ("a: }]\nb¦", (), True, "b"),
    ("\t{[¦", (0,), False, ""),
    ("x: {help: the dogs' Ann's 'n rock, ty¦", ("x",), True, "ty"),
    ("x: {'help': 'a, {', ty¦", ("x",), True, "ty"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "is_key", "word"), TABLE)
def test_begun(text, path, is_key, word):
    place = yaml_place(text.replace("¦", ""), text.index("¦"))
    assert (place.path, place.is_key, place.word) == (path, is_key, word)


def test_every_key_of_whole_files(texts, spray):
    text = texts[spray]
    source = parse_source("x", text, Diagnostics())
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for path, span in source.keys.items():
        if isinstance(path[-1], str) and path[0] not in ("detect", "explain"):
            place = yaml_place(text, starts[span.line - 1] + span.column)  # behind its first letter
            assert (place.path, place.is_key) == (path[:-1], True), path


def test_no_cut_fails(texts, spray):
    text = texts[spray]
    for cut in range(0, len(text), 41):
        yaml_place(text, cut)
