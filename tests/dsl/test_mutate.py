"""Mutants of a block: which clauses are deleted or loosened, and how the rest stands."""

from __future__ import annotations

import pytest

from dsl.mutate import mutants
from dsl.parse import parse
from dsl.syntax import Binary

MINUTE = 60_000_000


def of(text):
    block, faults = parse(text)
    assert not faults
    found = list(mutants(block, {"w": MINUTE}))
    return [(m.change, " ".join(text[m.at.start : m.at.end].split()), m.block) for m in found]


def said(text):
    return [(change, clause) for change, clause, _ in of(text)]


ALERT = "\nalert m as (source: source)"


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("m = match dns_query where a == 1", [("without the clause", "a == 1")]),
        (
            "m = match dns_query where a and b and not c",
            [
                ("without the clause", "a and b and not c"),
                ("without this operand of `and`", "a"),
                ("without this operand of `and`", "b"),
                ("without this operand of `and`", "not c"),
            ],
        ),
        (
            "m = match dns_query where a or (b and c)",
            [
                ("without the clause", "a or (b and c)"),
                ("without this operand of `or`", "a"),
                ("without this operand of `or`", "b and c"),
                ("without this operand of `and`", "b"),
                ("without this operand of `and`", "c"),
            ],
        ),
        (
            "m = window dns_query by a, b over $w compute n := count() where c having n >= $least",
            [
                ("without this key", "a"),
                ("without this key", "b"),
                ("twice as long", "$w"),
                ("without the clause", "c"),
                ("without the clause", "n >= $least"),
                ("looser by one", "$least"),
            ],
        ),
        (
            "m = sequence by a within 5m: dns_query as q then not ldap_bind then ldap_search x 3",
            [
                ("twice as long", "5m"),
                ("without this step", "dns_query as q"),
                ("without this step", "not ldap_bind"),
                ("without this step", "ldap_search x 3"),
                ("one less", "3"),
            ],
        ),
        (
            "m = absence of ldap_bind where a following dns_query by b within 5m",
            [("without the clause", "a"), ("twice as long", "5m")],
        ),
        (
            "m = union dns_query, ldap_bind",
            [("without this source", "dns_query"), ("without this source", "ldap_bind")],
        ),
        (
            "m = profile of dns_query by a, b bucket 1d over 30d learn s := set(c) where d ready n >= 5 and e",
            [
                ("without this key", "a"),
                ("without this key", "b"),
                ("without the clause", "d"),
                ("without the clause", "n >= 5 and e"),
                ("without this operand of `and`", "n >= 5"),
                ("without this operand of `and`", "e"),
                ("looser by one", "5"),
            ],
        ),
    ],
)
def test_clauses(relation, expected):
    assert sorted(said(relation + ALERT)) == sorted(expected)


def test_alerts_and_arms_of_severity():
    text = """m = match dns_query
alert m as (source: source) when a severity case(b -> high, else low)
alert m as (source: source)"""
    assert [(change, clause.split(" as ")[0]) for change, clause in said(text)] == [
        ("without this alert", "alert m"),
        ("without the clause", "a"),
        ("without this arm", "b"),
        ("without this alert", "alert m"),
    ]


def written(expr):
    if isinstance(expr, Binary):
        return f"{written(expr.left)} {expr.operator} {written(expr.right)}"
    return expr.parts[0]


def test_the_rest_of_a_chain_stays():
    text = "m = match dns_query where a and b and c" + ALERT
    chains = [
        written(block.statements[0].relation.where)
        for change, _, block in of(text)
        if "operand" in change
    ]
    assert sorted(chains) == ["a and b", "a and c", "b and c"]
