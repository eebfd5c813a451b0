"""Places in YAML files: of keys, values, and of everything inside a literal block."""

import pytest

from dsl.diagnostics import Diagnostics, Span
from dsl.source import parse_source, read_text, shown_name
from dsl.syntax import At


def source_of(text):
    diagnostics = Diagnostics()
    source = parse_source("f.yaml", text, diagnostics)
    return source, [(d.code, d.span) for d in diagnostics.items]


def at_of(source, word, *place):
    start = source.block(*place).index(word)
    return source.span(At(start, start + len(word)), *place)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("detect: |\n  t = match x\n  here\n", Span(3, 3, 4)),
        ("detect: |   # comment\n\n    t = match x\n\n      here\n", Span(5, 7, 4)),
        ("a: 1\ndetect: |-\n t = match x\n here", Span(4, 2, 4)),
        ("detect: |2\n    t = match x\n   here\n", Span(3, 4, 4)),
        ("detect: |\r\n  t\r\n  here\r\n", Span(3, 3, 4)),
        ("detect: |\n  é\t here\n", Span(2, 6, 4)),
        ("detect: go here now\n", Span(1, 12, 4)),
        ("detect: 'go here now'\n", Span(1, 13, 4)),
    ],
)
def test_a_word_of_the_block_is_found_in_the_file(text, span):
    source, faults = source_of(text)
    assert faults == []
    found = at_of(source, "here")
    assert found == span
    line = source.lines[found.line - 1]
    assert line[found.column - 1 :][: found.length] == "here"


def test_a_range_is_cut_at_the_end_of_its_first_line():
    source, _ = source_of("detect: |\n  one two\n  three\n")
    assert source.span(At(4, 12)) == Span(2, 7, 3)


def test_the_end_of_the_block_lies_behind_its_last_line():
    source, _ = source_of("detect: |\n  one\n  two\nb: 1\n")
    assert source.span(At(7, 7)) == Span(3, 6, 1)
    assert source.span(At(8, 8)) == Span(3, 6, 1)


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        ("detect: |\n  a\n", True),
        ("detect: a b\n", True),
        ("detect: >\n  a\n  b\n", False),
        ("detect: a\n  b\n", False),
        ("detect: 'it''s'\n", False),
        ('detect: "a\\tb"\n', False),
        ('detect: "plain"\n', True),
    ],
)
def test_which_scalars_map_one_to_one(text, linear):
    source, _ = source_of(text)
    assert source.is_linear() is linear
    if not linear:
        assert source.span(At(1, 2)) == source.values[("detect",)]


def test_places_of_keys_and_values():
    source, _ = source_of("a:\n  b: [x, {c: 1}]\n")
    assert source.key("a", "b") == Span(2, 3, 1)
    assert source.place("a", "b", 1, "c") == Span(2, 14, 1)
    assert source.key("a", "b", 0) == Span(2, 7, 1)
    assert source.place("a", "missing", 7) == source.values[("a",)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("on", "on"), ("12:30", "12:30"), ("2030-01-31", "2030-01-31"), ("7", 7),
        ("0x1F", 31), ("010", 10), ("1.5", 1.5), ("1e3", 1000.0), ("true", True), ("~", None),
        ("null", None), ("", None), ("'7'", "7"), ("u3", "u3"), ("10.0.0.1", "10.0.0.1"),
    ],
)  # fmt: skip
def test_scalars_mean_what_they_say(written, value):
    source, faults = source_of(f"a: {written}\n")
    assert (source.data, faults) == ({"a": value}, [])


@pytest.mark.parametrize(
    ("text", "code", "span"),
    [
        ("a: 1\nb: 2\na: 3\n", "D0603", Span(3, 1, 1)),
        ("a: &x [1]\nb: *x\n", "D0610", None),
        ("a: !!python/object:os.system 1\n", "D0610", Span(1, 4, 27)),
        ("a: \x1b[31m\n", "D0602", Span(1, 4)),
        ("a: \u202e\n", None, None),
        ("a: \u2028\n", "D0602", Span(1, 4)),
        ("- a\n", "D0601", Span(1, 1)),
        ("", "D0601", Span(1, 1)),
        ("? [a]\n: b\n", "D0601", Span(1, 3, 3)),
        ("a: [1, 2\nb: 3\n", "D0601", None),
        ("[" * 5000, "D0601", None),
        ("a: " + "[" * 60 + "]" * 60, "D0610", None),
    ],
)
def test_refusals(text, code, span):
    _, faults = source_of(text)
    assert [f[0] for f in faults][:1] == ([code] if code else [])
    if span:
        assert faults[0][1].line == span.line
        assert faults[0][1].column == span.column


def test_files_are_utf_8(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: 1\nb: \xff\n")
    diagnostics = Diagnostics()
    assert read_text(file, "a.yaml", diagnostics) is None
    assert (diagnostics.items[0].code, diagnostics.items[0].span) == ("D0602", Span(2, 1))
    assert read_text(tmp_path / "none.yaml", "none.yaml", diagnostics) is None
    assert diagnostics.items[1].code == "D0601"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_text(file, "a.yaml", diagnostics) == "a: 1\n"


def test_shown_names(tmp_path):
    assert shown_name(tmp_path / "a" / "b.yaml", tmp_path) == "a/b.yaml"
    assert shown_name(tmp_path / "b.yaml", tmp_path / "a") == str(tmp_path / "b.yaml")
