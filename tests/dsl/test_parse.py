"""Grammar and parser: what parses, to which tree, and what never happens."""

import dataclasses
import logging
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, logger

from dsl import syntax
from dsl.parse import comments, grammar, parse


def one(text):
    block, faults = parse(text)
    assert not faults, faults
    return block.statements[0]


def where(text):
    return one(f"t = match kerberos_as where {text}").relation.where


def bare(node):
    """A tree without positions."""
    if isinstance(node, syntax.At):
        return None
    if dataclasses.is_dataclass(node):
        fields = (bare(getattr(node, f.name)) for f in dataclasses.fields(node))
        return (type(node).__name__, *fields)
    return tuple(map(bare, node)) if isinstance(node, tuple) else node


def test_every_block_of_the_catalogue_parses(blocks):
    faults = {name: parse(text)[1] for name, text in blocks.items()}
    assert len(faults) == 102
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_only_conflict_is_a_reason_behind_points(caplog):

    caplog.set_level(logging.DEBUG, logger=logger.name)
    path = grammar.__wrapped__.__globals__["__file__"]
    Lark.open("grammar.lark", rel_to=path, parser="lalr", maybe_placeholders=False, debug=True)
    conflicts = re.findall(r"conflict for terminal (\w+)|<(\w+) :", caplog.text)
    assert set(conflicts) == {("STRING", ""), ("", "term")}


def test_words_that_are_names_too_are_never_waited_for_beside_a_name():
    states = grammar().parser.parser._parse_table.states
    soft = {"ON", "SESSION", "SEVERITY", "CONFIDENCE", "TIMES", "HAS_ANY", "HAS_ALL"}
    assert [s for s in states.values() if "NAME" in s and soft & set(s)] == []


def test_both_names_refuse_every_reserved_word():
    patterns = {t.name: t.pattern.value for t in grammar().terminals}
    words = {p[:-2] for n, p in patterns.items() if re.fullmatch(r"[a-z]+\\b", p)}
    refused = set(re.search(r"\(\?:([a-z|]+)\)", patterns["NAME"])[1].split("|"))
    assert words - refused == {"on", "session", "severity", "confidence"}
    assert refused - words == set()
    assert patterns["HEAD"].startswith(patterns["NAME"])


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a == -1", ("Binary", "==", ("Path", ("a",)), ("Negate", ("Number", 1)))),
        ("size > 0xFF", ("Binary", ">", ("Path", ("size",)), ("Number", 255))),
        ("r >= 0.8", ("Binary", ">=", ("Path", ("r",)), ("Number", 0.8))),
        ("a not in {x}", ("In", ("Path", ("a",)), ("SetLiteral", (("Path", ("x",)),)), True)),
        ("not a in @l", ("Not", ("In", ("Path", ("a",)), ("ListRef", "l"), False))),
        ("a is null", ("IsNull", ("Path", ("a",)), False)),
        ("a is not null", ("IsNull", ("Path", ("a",)), True)),
        ("fast == true", ("Binary", "==", ("Path", ("fast",)), ("Bool", True))),
        ("usual.ready", ("Path", ("usual", "ready"))),
        ("session == $s", ("Binary", "==", ("Path", ("session",)), ("Param", "s"))),
        ("qtype == any", ("Binary", "==", ("Path", ("qtype",)), ("Path", ("any",)))),
        (
            "l has  any {}",
            ("Binary", "has any", ("Path", ("l",)), ("SetLiteral", ())),
        ),
        (
            "case(a -> 1, else null)",
            ("Case", ((("Path", ("a",)), ("Number", 1)),), ("Null",)),
        ),
        ("case(a -> 1)", ("Case", ((("Path", ("a",)), ("Number", 1)),), None)),
        (
            "rid_group(a, b).sensitive",
            (
                "Call",
                ("Path", ("rid_group",)),
                (("Path", ("a",)), ("Path", ("b",))),
                ("sensitive",),
            ),
        ),
        ("usual.share(ts) < 1h30m", None),
        ("(a)", ("Path", ("a",))),
    ],
)
def test_expressions(text, tree):
    def plain(node):
        """Without the positions, which are None after `bare`."""
        if isinstance(node, tuple) and node and isinstance(node[0], str) and node[0].isidentifier():
            named = node[0][0].isupper()
            return tuple(plain(n) for n in node if not (named and n is None)) if named else node
        return tuple(map(plain, node)) if isinstance(node, tuple) else node

    found = plain(bare(where(text)))
    if tree is not None:
        assert found == plain(tree)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("not a and b", "(!a and b)"),
        ("not a == b", "!(a == b)"),
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a - b - c == d", "(((a - b) - c) == d)"),
        ("(a or b) and c", "((a or b) and c)"),
    ],
)
def test_precedence(text, shape):
    def show(node):
        match node:
            case syntax.Binary():
                return f"({show(node.left)} {node.operator} {show(node.right)})"
            case syntax.Not():
                return f"!{show(node.operand)}"
            case syntax.Path():
                return ".".join(node.parts)
        raise AssertionError(node)

    assert show(where(text)) == shape


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"(?i)admin\$|\\temp\\"', r"(?i)admin\$|\\temp\\"),
        (r'"(?i)\.sys\"?$"', r'(?i)\.sys"?$'),
        (r'"a \\\" b"', r'a \\" b'),
        (r'"C:\Windows"', r"C:\Windows"),
        ('"# no comment"', "# no comment"),
        ('""', ""),
    ],
)
def test_texts(written, value):
    assert where(f"a == {written}").right.value == value


def test_positions_are_offsets_of_the_block():
    text = "t = match kerberos_as where etypee == rc4_hmac and (a or b)\n"
    condition = where(text.removeprefix("t = match kerberos_as where "))
    at = condition.left.left.at
    assert text[at.start : at.end] == "etypee"
    assert text[condition.operator_at.start : condition.operator_at.end] == "and"
    assert text[condition.at.start : condition.at.end] == "etypee == rc4_hmac and (a or b)"
    assert text[one(text).name_at.start : one(text).name_at.end] == "t"


@pytest.mark.parametrize(
    "text",
    [
        "w = window t by a, b ~ c over 10m session compute n := count() where x, m := sum(y)",
        "s = sequence by a within $w: x as f then not y where p then alert as g x 3",
        "a = absence of x where p preceding y by k within 1h30m",
        "j = join a with b on k ~ l, m within 12h around optional keep b.x as y, z",
        "p = profile of r by k bucket 1d over 30d learn n := count() ready n > 5 peers by a.d, e",
        "m = model outlier of r by k over 30d using a, b.c",
        's = score r: a -> +30 "x" b > 1 -> -5 c -> +1',
        "on = match x\nb = sequence by a within 1d: on then on",
    ],
)
def test_relations_parse(text):
    block, faults = parse(text)
    assert faults == []
    assert block.statements[0].relation.at.end <= len(text)


def test_a_sequence_keeps_all_of_a_step():
    relation = one(
        "s = sequence by a within $w: x as f then not y where p then z as g x $n"
    ).relation
    assert [(s.alias, s.negated, s.where is not None) for s in relation.steps] == [
        ("f", False, False), (None, True, True), ("g", False, False),
    ]  # fmt: skip
    assert relation.steps[2].times.name == "n"
    assert relation.within.name == "w"


def test_an_alert_keeps_all_clauses_in_any_order():
    alert = one(
        "alert r as (actor: a, source: b.c) dedup $d by actor, source except source in @l, actor in @m "
        "confidence 30 + x severity severity when p"
    )
    assert [b.role for b in alert.bindings] == ["actor", "source"]
    assert [e.listed.name for e in alert.excepts] == ["l", "m"]
    assert (alert.dedup.name, [p.parts for p in alert.dedup_by]) == ("d", [("actor",), ("source",)])
    assert alert.severity.parts == ("severity",)


def test_a_statement_may_follow_a_score():
    block, faults = parse("s = score r: a -> +1 b -> +2\nt = match s where points > 2")
    assert (faults, [s.name for s in block.statements]) == ([], ["s", "t"])


def test_comments():
    text = 't = match x where a == "#" # one\n# two'
    assert comments(text) == ((27, "# one"), (33, "# two"))
    assert parse(text)[0].comments == comments(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("at=:(){}\"'\\ \n#$@-+<>x1m.,é|&!") | st.characters()))
def test_any_text_gives_a_block_or_faults(text):
    block, faults = parse(text)
    assert (block is None) == bool(faults)
    assert all(0 <= f.at.start <= f.at.end for f in faults)


def test_deep_nesting_is_a_fault_and_no_crash():
    for text in ("(" * 3000, "not " * 3000 + "a", "+".join("a" * 3000), "f(" * 300):
        assert parse(f"t = match x where {text}")[1]
