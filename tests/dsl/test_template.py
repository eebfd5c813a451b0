"""Templates of `explain` against what a detection produces."""

import pytest

from dsl.template import FILTERS, OWN_VARIABLES, check_template, names_in

PRODUCED = {"actor", "source", "names"}


def faults(text, params=("window",)):
    return check_template(text, PRODUCED, params)


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "{{ actor }} and {{ names | names }}",
        "{% if actor %}{{ actor | upper }}{% elif source %}{{ source }}{% else %}-{% endif %}",
        "{% for n in names %}{{ loop.index }} {{ n }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{% set who = actor or 'somebody' %}{{ who }}",
        "{{ first_seen | time }} {{ params.window | duration }} {{ count }} try{{ count | plural }}",
        "{{ names[0] }} {{ names[:3] | join(', ') }}",
        "{{ source if source is defined and source is not none else 'x' }}",
        "{{ actor ~ '@' ~ source }} {{ count + 1 }} {{ actor == source }} {{ actor in names }}",
        "{{ '{{' }} {# a comment on {{ anything }} #}",
        *(f"{{{{ {name} }}}}" for name in OWN_VARIABLES),
        *(f"{{{{ actor | {name} }}}}" for name in FILTERS if name != "join"),
    ],
)
def test_faultless(text):
    assert not faults(text)


@pytest.mark.parametrize(
    ("text", "code", "marked", "hint"),
    [
        ("{{ acto }}", "D0502", "acto", "`actor`"),
        ("actr: {{ actr }}", "D0502", "actr", "`actor`"),
        ("one\n  {% if actor %}\n{{ soruce }}{% endif %}", "D0502", "soruce", "`source`"),
        ("{{ nobody }}", "D0502", "nobody", "nobody: …"),
        ("{% for n in nmes %}{{ n }}{% endfor %}", "D0502", "nmes", "`names`"),
        ("{{ 'actr' ~ actr }}", "D0502", "actr", "`actor`"),
        ("{{ actor | uper }}", "D0503", "uper", "`upper`"),
        ("{{ actor | tojson }}", "D0503", "tojson", "`join`"),
        ("{% if actor is callable %}{% endif %}", "D0503", "callable", ""),
        ("{{ actor.upper() }}", "D0503", "{{ actor.upper() }}", "use a filter"),
        ("{{ range(9) }}", "D0503", "{{ range(9) }}", ""),
        ("{{ cycler }}", "D0502", "cycler", ""),
        ("{% include 'x' %}", "D0503", "{% include 'x' %}", "`if`"),
        ("{% macro m() %}{% endmacro %}", "D0503", "{% macro m() %}{% endmacro %}", ""),
        ("{{ actor.department }}", "D0504", "department", "give the alert a role"),
        ("{{ params.windo }}", "D0504", "windo", "`window`"),
        ("{{ actor.__class__.__mro__ }}", "D0504", "__class__", ""),
        ("{{ actor", "D0501", "{{ actor", "close"),
        ("a\n{% if actor %} b", "D0501", "{% if actor %} b", "close"),
        ("{% extends 'x' %}", "D0503", "{% extends 'x' %}", ""),
    ],
)
def test_fault(text, code, marked, hint):
    found = [f for f in faults(text) if f.code == code]
    assert len(faults(text)) == 1, faults(text)
    assert text[found[0].at.start : found[0].at.end] == marked
    assert hint in found[0].hint


def test_each_place_is_told_once():
    assert len(faults("{{ actr }} {{ source }}\n{{ actr }}")) == 2


def test_names_with_their_places():
    text = "{{ a }} x\n{%- if params.low > b -%}\n  {{ c | names }}{% endif %} a"
    found = list(names_in(text))
    assert [(owner, name) for owner, name, _ in found] == [
        ("", "a"), ("", "if"), ("", "params"), ("params", "low"), ("", "b"), ("", "c"), ("", "endif"),
    ]  # fmt: skip
    assert all(text[at.start : at.end] == name for _, name, at in found)
    assert list(names_in("{{ 'a")) == []
