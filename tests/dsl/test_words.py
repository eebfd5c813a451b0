"""The author's words for what the grammar waits for."""

from dsl.parse import grammar, parse
from dsl.words import SHAPES, VERBS, expected, reserved, said, spelling


def test_every_terminal_has_words():
    names = {t.name for t in grammar().terminals} - {"COMMENT", "WHITESPACE"}
    assert all(said(name) for name in names)
    assert spelling()["HAS_ANY"] == "has any"
    assert spelling()["BIND"] == ":="


def test_reserved_words():
    assert {"match", "where", "not", "then", "case"} <= reserved()
    assert not reserved() & {"x", "any", "all", "on", "session", "severity", "confidence"}


def test_shapes_are_the_language(blocks):
    assert set(VERBS) | {"alert"} == set(SHAPES)
    used = {type(s).__name__ for text in blocks.values() for s in parse(text)[0].statements}
    assert used == {"Assign", "Alert"}


def test_expectations_are_grouped():
    assert expected({"COMMA", "WITHIN", "TILDE"}) == "`,`, `~` or `within`"
    assert expected({"NAME"}) == "a name"
    assert "a value or condition" in expected({"NAME", "STRING", "NUMBER", "LPAR", "CASE", "NOT"})
    assert "a verb" in expected({v.upper() for v in VERBS})
