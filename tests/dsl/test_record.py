"""Typed reading of mappings, and what is said of wrong ones."""

import pytest

from dsl.diagnostics import Diagnostics
from dsl.record import Record
from dsl.source import parse_source


@pytest.fixture
def record():
    def make(text):
        diagnostics = Diagnostics()
        source = parse_source("f.yaml", text, diagnostics)
        return Record(source, (), source.data, diagnostics, "the thing")

    return make


def told(record):
    return [(d.code, d.message, d.span.line, d.span.column) for d in record.diagnostics.items]


@pytest.mark.parametrize(
    ("read", "text", "value", "code"),
    [
        (lambda r: r.text("a"), "a: x", "x", None),
        (lambda r: r.text("a"), "a: 1.0", None, "D0606"),
        (lambda r: r.text("a"), "a: '  '", None, "D0606"),
        (lambda r: r.text("a", required=True), "a:", None, "D0605"),
        (lambda r: r.text("a", required=True), "b: 1", None, "D0605"),
        (lambda r: r.number("a", 0, 9), "a: 9", 9, None),
        (lambda r: r.number("a", 0, 9), "a: 10", None, "D0607"),
        (lambda r: r.number("a", 0, 9), "a: true", None, "D0606"),
        (lambda r: r.number("a"), "a: 1.5", None, "D0606"),
        (lambda r: r.flag("a"), "a: true", True, None),
        (lambda r: r.flag("a"), "a: yes", None, "D0606"),
        (lambda r: r.word("a", ["low"]), "a: low", "low", None),
        (lambda r: r.word("a", ["low"]), "a: lov", None, "D0607"),
        (lambda r: r.texts("a"), "a: [x, y]", ("x", "y"), None),
        (lambda r: r.texts("a"), "a: x", ("x",), None),
        (lambda r: r.texts("a"), "a: [x, 1]", ("x",), "D0606"),
        (lambda r: r.duration("a"), "a: -5m", -300_000_000, None),
        (lambda r: r.duration("a"), "a: 0", 0, None),
        (lambda r: r.duration("a"), "a: 5", None, "D0606"),
        (lambda r: r.record("a", "it").data, "a: {b: 1}", {"b": 1}, None),
        (lambda r: r.record("a", "it"), "a: [b]", None, "D0606"),
        (lambda r: [x.data for x in r.records("a", "it")], "a: [{b: 1}]", [{"b": 1}], None),
        (lambda r: list(r.records("a", "it")), "a: [b]", [], "D0606"),
        (lambda r: list(r.records("a", "it")), "a: b", [], "D0606"),
    ],
)
def test_getters(record, read, text, value, code):
    made = record(text + "\n")
    assert read(made) == value
    assert [t[0] for t in told(made)] == ([code] if code else [])


def test_unknown_keys_are_named_where_they_stand(record):
    made = record("title: x\nseverty: low\n")
    made.text("title")
    made.word("severity", ["low"])
    made.finish()
    assert told(made) == [("D0604", "the thing has no key `severty`", 2, 1)]
    assert made.diagnostics.items[0].hint == "did you mean `severity`?"


def test_a_comma_in_a_flow_mapping_is_recognised(record):
    made = record("e: {reason: RemCom, used by many}\n")
    entry = made.record("e", "the entry")
    entry.text("reason")
    entry.finish()
    assert "comma ends a value" in entry.diagnostics.items[0].hint
