"""The catalogue of functions, aggregates and attributes."""

import re
from typing import get_args, get_type_hints

import pytest

from dsl.attributes import ATTRIBUTES, attributes_of
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.plan import Aggregate
from dsl.retention import DAY, retention
from dsl.schema.registry import event_types
from dsl.signatures import signature

ALL = {**FUNCTIONS, **AGGREGATES}


@pytest.mark.parametrize("name", ALL)
def test_each_says_what_it_means(name):
    function = ALL[name]
    assert function.doc
    assert not function.doc.endswith(".")
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert function.signatures


def test_signs_fit_the_arguments():
    for function in FUNCTIONS.values():
        most = max(len(s.parameters) for s in function.signatures)
        assert len(function.grows) <= most


def test_aggregates_are_those_of_the_plan():
    assert set(AGGREGATES) == set(get_args(get_type_hints(Aggregate)["function"]))


def test_negative_facts():
    assert [f.name for f in FUNCTIONS.values() if f.negative] == ["is_foreign"]
    assert all(f.total for f in FUNCTIONS.values() if f.name.startswith("is_") and f.as_of)


def test_a_signature_is_read():
    read = signature("entity, 'text, duration -> bool")
    assert [p.kinds for p in read.parameters] == [
        ("account", "host", "group"),
        ("text",),
        ("duration",),
    ]
    assert [p.constant for p in read.parameters] == [False, True, False]
    assert read.accepts(3)
    assert not read.accepts(2)
    repeated = signature("T, ... -> T")
    assert repeated.accepts(5)
    assert repeated.parameter(4).variable
    with pytest.raises(KeyError):
        signature("texts -> bool")


def test_attributes_by_kind():
    assert "uac" in attributes_of("account")
    assert "uac" not in attributes_of("host")
    assert set(ATTRIBUTES) == {
        "uac", "tags", "etypes", "age", "created", "domain", "domain_sid", "rid", "name", "silo",
        "role", "os_build", "department", "sensitive",
    }  # fmt: skip


def test_retention():
    kept = {e: retention(e) for e in event_types()}
    assert kept["kerberos_as"] == 30 * DAY
    assert kept["directory_change"] == 400 * DAY
    assert sum(v == 400 * DAY for v in kept.values()) == 9


# --- matching of arguments -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("is_dc(source)", "bool"),
        ("is_dc(account)", "bool"),
        ('is_dc("dc1")', "bool"),
        ("is_honeytoken(returned)", "bool"),
        ("honeytokens(returned)", "list of account"),
        ('member_of(account, "Domain Admins")', "bool"),
        ('changed_within(source, "dNSHostName", 2d)', "bool"),
        ("coalesce(account, account)", "account"),
        ("least(visited, 3)", "int"),
        ("greatest(visited, 0.5)", "float"),
        ("least(1h, 2h)", "duration"),
        ("len(attributes)", "int"),
        ("len(base)", "int"),
        ("overlap(attributes, filter_attributes)", "list of text"),
        ('minus(attributes, {"cn"})', "list of text"),
        ("overlap(attributes, @words)", "list of text"),
        ("text(scope)", "text"),
        ("text(attributes)", "text"),
        ("hour(ts)", "int"),
        ('hour(ts, "Europe/Berlin")', "int"),
        ("uac_bits(filter)", "list of enum"),
        ("rid_group(account, 512)", "group"),
        ('population("account", domain, ts - 1d)', "int"),
        ("abs(visited - 3)", "int"),
        ("hours(1h)", "float"),
    ],
)
def test_call_gives(planned, call, result):
    built = planned(
        f"t = match ldap_search let k := {call}\nalert t as (source: source)",
        lists={"words": "text"},
    )
    kind = dict(dict(built.relations)["t"].columns)["k"]
    assert (("list of " if kind.many else "") + kind.kind) == result


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("is_dc(base)", "D0304"),
        ("is_dc()", "D0303"),
        ("is_dc(source, source)", "D0303"),
        ("len(visited)", "D0304"),
        ("coalesce(account, source)", "D0304"),
        ("minus(attributes, returned)", "D0304"),
        ("minus(attributes, {3})", "D0301"),
        ("changed_within(account, base, 2d)", "D0304"),
        ('changed_within(account, "x", 2)', "D0304"),
        ('has_coverage("logons", 1d)', "D0307"),
        ('population("accounts", domain, ts)', "D0307"),
        ("weaker(scope, scope)", "D0304"),
        ("is_zero(null)", "D0304"),
        ("coalesce(@words, account)", "D0301"),
    ],
)
def test_call_is_refused(checked, call, code):
    _, found = checked(
        f"t = match ldap_search let k := {call}\nalert t as (source: source)",
        lists={"words": "text"},
    )
    assert [d.code for d in found] == [code], found
