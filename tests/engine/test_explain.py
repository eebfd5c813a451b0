"""Explanations: filters, hostile values, bounds."""

import pytest

from dsl.template import FILTERS
from engine.explain import _ENVIRONMENT, clean, explain


def test_the_filters_are_those_the_checker_knows():
    assert set(_ENVIRONMENT.filters) == set(FILTERS)


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{{ who }} tried", {"who": "bob"}, "bob tried"),
        ("{{ who }}", {"who": None}, "unknown"),
        ("{{ missing }}", {}, "unknown"),
        ("{{ n }} host{{ n | plural }}", {"n": 1}, "1 host"),
        ("{{ n }} host{{ n | plural }}", {"n": 2}, "2 hosts"),
        ("{{ x | names }}", {"x": ["a", "b", "c"]}, "a, b and c"),
        ("{{ x | names(2) }}", {"x": ["a", "b", "c"]}, "a, b and 1 more"),
        ("{{ x | names }}", {"x": "a"}, "a"),
        ("{{ x | names }}", {"x": []}, "none"),
        ("{{ x }}", {"x": ["b", "a"]}, "b and a"),
        ("{{ x | sort | join('; ') }}", {"x": ["b", "a"]}, "a; b"),
        ("{{ x | length }} {{ x | first }} {{ x | last }}", {"x": ["b", "a", "b"]}, "3 b b"),
        ("{{ x | unique | length }}", {"x": ["b", "a", "b"]}, "2"),
        ("{{ x | length }}", {"x": None}, "0"),
        ("{{ t | time }}", {"t": 1_767_614_400_000_000}, "2026-01-05 12:00:00 UTC"),
        ("{{ d | duration }}", {"d": 7_500_000_000}, "2 h 5 min"),
        ("{{ d | duration }}", {"d": 0}, "0 s"),
        ("{{ d | duration }}", {"d": 5_000}, "5 ms"),
        ("{{ d | round(1) }} {{ d | round }} {{ d | int }}", {"d": 2.46}, "2.5 2 2"),
        ("{{ s | upper }} {{ s | lower }} {{ s | truncate(2) }}", {"s": "aBc"}, "ABC abc a…"),
        ("{{ s | default('none seen') }}", {"s": None}, "none seen"),
        ("{{ b }}", {"b": b"\x01\xff"}, "01ff"),
        ("{{ params.window | duration }}", {"params": {"window": 60_000_000}}, "1 min"),
        ("{% if x is defined and x %}yes{% else %}no{% endif %}", {"x": []}, "no"),
        ("a\n  b", {}, "a b"),
        ("{{ f }} {{ y }}", {"f": 2.50, "y": True}, "2.5 yes"),
    ],
)
def test_what_people_read(template, values, expected):
    assert explain(template, values) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\x00b\x1b[31m", "a b [31m"),
        ("alice\u202egnp.exe", "alice gnp.exe"),
        ("zero\u200bwidth", "zero width"),
        ("line\r\nbreak", "line break"),
        ("\ud800half", "half"),
        ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
        ("<script>", "<script>"),
    ],
)
def test_hostile_values_are_one_plain_line(value, expected):
    assert explain("{{ v }}", {"v": value}) == expected
    assert explain("{{ v | join }}", {"v": [value]}) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ v.append(1) }}",
        "{{ range(10) }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{{ v | attr('x') }}",
        "{% include 'x' %}",
    ],
)
def test_what_a_template_may_not_do_gives_the_title(template):
    assert explain(template, {"v": [], "title": "T"}) in ("T", "unknown")


def test_output_and_values_are_bounded():
    assert len(clean("x" * 10_000)) == 256
    many = ["u" * 200] * 1_000
    assert len(explain("{{ v | join }}", {"v": many})) == 4_000
    loop = "{% for a in v %}{% for b in v %}{% for c in v %}x{% endfor %}{% endfor %}{% endfor %}"
    assert len(explain(loop, {"v": many})) <= 4_000
