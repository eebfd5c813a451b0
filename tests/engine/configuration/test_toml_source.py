"""Places of keys and values in TOML: each span marks the very text."""

import pytest

from dsl.diagnostics import Diagnostics
from engine.configuration.toml_source import parse_toml

TEXT = '''\
# a comment = 1
store = "a # b"
"two words".b = 'x'
list = [ # ]
  "one", """t
wo""", {k = 1, m."n" = [true, 2.5]},
]
when = 2026-01-31T12:00:00Z

[a.b]
c = {}
[[t]]
name = 1
[[t]]
name = 0x10  # last
[t.below]
deep = []
'''
MARKED = {
    ("store",): '"a # b"',
    ("two words", "b"): "'x'",
    ("list", 0): '"one"',
    ("list", 1): '"""t',
    ("list", 2): '{k = 1, m."n" = [true, 2.5]}',
    ("list", 2, "k"): "1",
    ("list", 2, "m", "n", 1): "2.5",
    ("when",): "2026-01-31T12:00:00Z",
    ("a", "b", "c"): "{}",
    ("t", 0, "name"): "1",
    ("t", 1, "name"): "0x10",
    ("t", 1, "below", "deep"): "[]",
}
KEYS = {
    ("store",): "store",
    ("two words",): '"two words"',
    ("list", 2, "m", "n"): '"n"',
    ("a", "b"): "b",
    ("t", 1, "below"): "below",
}


def marked(source, span):
    return source.lines[span.line - 1][span.column - 1 :][: span.length]


def test_places():
    source = parse_toml("f", TEXT, Diagnostics())
    assert {place: marked(source, source.values[place]) for place in MARKED} == MARKED
    assert {place: marked(source, source.keys[place]) for place in KEYS} == KEYS
    assert source.data["list"][1] == "t\nwo"
    assert source.data["t"] == [{"name": 1}, {"name": 16, "below": {"deep": []}}]
    assert source.data["when"] == "2026-01-31T12:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = 1\nb = \n", 2, 5), ("a = 1\na = 2\n", 2, 6), ("a = [1,", 1, 1), ("x\n", 1, 2)],
)
def test_what_is_no_toml(text, line, column):
    diagnostics = Diagnostics()
    assert parse_toml("f", text, diagnostics) is None
    (fault,) = diagnostics.items
    assert (fault.code, fault.span.line, fault.span.column) == ("D0601", line, column)
    assert fault.label
    assert "(at" not in fault.label
