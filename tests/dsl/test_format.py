"""The layout: what it looks like, that it keeps the meaning, that it comes to rest."""

import dataclasses
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.format import WIDTH, format_block, format_file
from dsl.parse import comments, parse
from dsl.syntax import At


def bare(node):
    if isinstance(node, At):
        return None
    if dataclasses.is_dataclass(node):
        fields = (bare(getattr(node, f.name)) for f in dataclasses.fields(node))
        return (type(node).__name__, *fields)
    return tuple(map(bare, node)) if isinstance(node, tuple) else node


def check(text, width=WIDTH - 2):
    """Format; the meaning and the comments are kept and a second time changes nothing."""
    laid, faults = format_block(text, width)
    assert faults == []
    assert bare(parse(laid)[0].statements) == bare(parse(text)[0].statements)
    assert [c for _, c in comments(laid)] == [c.rstrip() for _, c in comments(text)]
    assert format_block(laid, width)[0] == laid
    assert not re.search(r"[ \t]\n|\n\n\n", laid)
    return laid


def test_the_catalogue_keeps_its_meaning(blocks):
    for text in blocks.values():
        # a line fits unless a single text does not
        assert all(len(line) <= 98 or '"' in line for line in check(text).split("\n"))


def test_narrow_layouts_keep_the_meaning(blocks):
    for text in list(blocks.values())[::5]:
        check(text, 40)


LAYOUTS = [
    (
        "a=match x where b==1\nlonger   =   union a,   c\nalert a as(actor:b)",
        "a      = match x where b == 1\nlonger = union a, c\nalert a as (actor: b)\n",
    ),
    (
        "a = match x\n\n\n\nlonger = match y\n\nalert a as (a: b)\nalert a as (a: c)\nb = match z",
        "a = match x\n\nlonger = match y\n\nalert a as (a: b)\nalert a as (a: c)\nb = match z\n",
    ),
    (
        "t = match x where f( a ,b ) and - 1 < c . d and y in{ 1,2 } and not(p) or case (q -> -1)",
        "t = match x where f(a, b) and -1 < c.d and y in {1, 2} and not (p) or case(q -> -1)\n",
    ),
    (
        's = score r: a -> +30 "x" b -> -5',
        's = score r: a -> +30 "x" b -> -5\n',
    ),
    (
        ("m = window tried by source over $window compute unknown := count_distinct(account) where "
        "outcome == no_such_user, e := set(account) having unknown >= $min_unknown"),
        ("m = window tried by source over $window\n"
        "      compute unknown := count_distinct(account) where outcome == no_such_user, e := set(account)\n"
        "      having unknown >= $min_unknown\n"),
    ),
    (
        ("m = window tried by source over $window compute unknown := count_distinct(account) where "
        "outcome == no_such_user, exist := set(account), n := count() having unknown >= $min_unknown"),
        ("m = window tried by source over $window\n"
        "      compute\n"
        "        unknown := count_distinct(account) where outcome == no_such_user,\n"
        "        exist   := set(account),\n"
        "        n       := count()\n"
        "      having unknown >= $min_unknown\n"),
    ),
    (
        ("pair = sequence by ticket within $span: use as first then use as other where "
        "other.source != first.source and not same(other.src_ip, first.src_ip)"),
        ("pair = sequence by ticket within $span:\n"
        "         use as first\n"
        "         then use as other where other.source != first.source\n"
        "           and not same(other.src_ip, first.src_ip)\n"),
    ),
    (
        ("alert hit as (actor: account, source: source, target: dc, outcome: outcome) when nat or not "
        "is_nat(src_ip) except source in @replicators, actor in @replicators dedup 24h by actor"),
        ("alert hit as (actor: account, source: source, target: dc, outcome: outcome)\n"
        "  when nat or not is_nat(src_ip)\n"
        "  except source in @replicators, actor in @replicators\n"
        "  dedup 24h by actor\n"),
    ),
    (
        ("# top\n\n# two\nb = match x where a==1   # one\n # inner\n  and c == -2  # beside\n\n"
        "alert b as (a: n)   # end\n# last\n\n# really\n\n"),
        ("# top\n\n# two\nb = match x\n      where a == 1  # one\n        # inner\n"
        "        and c == -2  # beside\n\nalert b as (a: n)  # end\n# last\n\n# really\n"),
    ),
    (
        "w = window b by a over 1h compute # c\n n := count(), # n\n # about u\n u := set(x)",
        ("w = window b by a over 1h\n      compute  # c\n        n := count(),  # n\n"
        "        # about u\n        u := set(x)\n"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "laid"), LAYOUTS)
def test_layouts(text, laid):
    # the second text of a pair may hold `not(p)`, whose bracket is kept
    assert check(text) == laid


def test_long_conditions_break_outside_of_brackets():
    text = "t = match x where " + " and ".join(f"(aaaa{i} == 1 or bbbb{i} == 2)" for i in range(6))
    laid = check(text)
    assert all(line.count("(") == line.count(")") for line in laid.split("\n"))


def test_a_faulty_block_is_left_alone():
    text = "t = match a where  b = 1\n"
    laid, faults = format_block(text)
    assert (laid, [f.code for f in faults]) == (text, ["D0102"])


BLANKS = (" ", "  ", "\n", "\n   ")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 120))
def test_any_layout_comes_to_the_same_rest(seed, width):
    """Blanks and line breaks strewn at random between the tokens; comments after some."""
    chance = random.Random(seed)
    words = [
        "w",
        "=",
        "window",
        "r",
        "by",
        "a",
        ",",
        "b",
        "over",
        "1h",
        "compute",
        "n",
        ":=",
        "count",
        "(",
        ")",
        "where",
        "p",
        ",",
        "m",
        ":=",
        "set",
        "(",
        "x",
        ",",
        "y",
        ")",
        "having",
        "n",
        ">",
        "3",
        "q",
        "=",
        "sequence",
        "by",
        "k",
        "within",
        "1h",
        ":",
        "w",
        "as",
        "f",
        "then",
        "not",
        "g",
        "where",
        "h",
        "then",
        "i",
        "x",
        "3",
        "alert",
        "q",
        "as",
        "(",
        "actor",
        ":",
        "a",
        ".",
        "b",
        ",",
        "source",
        ":",
        "c",
        ")",
        "when",
        "d",
        "in",
        "{",
        "1",
        ",",
        "2",
        "}",
        "except",
        "source",
        "in",
        "@l",
        "dedup",
        "1h",
        "by",
        "actor",
    ]
    plain = " ".join(words)
    strewn = "".join(
        word
        + (" # remark\n" if word in ",=x)" and chance.random() < 0.1 else chance.choice(BLANKS))
        for word in words
    )
    laid = check(strewn, width)
    if "#" not in strewn:
        assert laid == check(plain, width)


FILE = """\
# a file
atp: 1
detect: |   # kept
    t=match a  where b==1

    alert t as (a : b)
title:   kept
"""


def test_in_a_file_only_the_block_is_rewritten():
    laid, diagnostics = format_file("f", FILE)
    assert diagnostics == []
    assert laid == FILE.replace("t=match a  where b==1", "t = match a where b == 1").replace(
        "a : b", "a: b"
    )
    assert format_file("f", laid)[0] == laid


def test_line_ends_and_indentation_are_kept():
    windows = FILE.replace("\n", "\r\n")
    laid, _ = format_file("f", windows)
    assert laid == format_file("f", FILE)[0].replace("\n", "\r\n")


def test_files_without_a_readable_block_are_left_alone():
    for text in ("a: 1\n", "detect: t = match a\n", "detect: >\n  t=match a\n"):
        assert format_file("f", text) == (text, [])
    text = "detect: |\n  t = match a where b = 1\n"
    laid, diagnostics = format_file("f", text)
    assert (laid, diagnostics[0].span.line) == (text, 2)
    assert format_file("f", "a: [")[0] == "a: ["


def test_shipped_files_can_be_formatted(root):
    for path in sorted((root / "detections").rglob("*.yaml")):
        laid, diagnostics = format_file(str(path), path.read_text())
        assert diagnostics == []
        assert format_file(str(path), laid) == (laid, [])
