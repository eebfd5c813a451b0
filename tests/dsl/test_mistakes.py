"""What people write wrong, and what they are told: code, words marked, hint."""

import random
import re

import pytest

from dsl.codes import all_codes
from dsl.parse import grammar, parse

CASES = [
    ("t = match a where etype = rc4", "D0102", "=", "write `==`"),
    ("t = match a where etype := rc4", "D0102", ":=", "write `==`"),
    ("t := match a", "D0103", ":=", "write `t = match …`"),
    ("t == match a", "D0103", "==", "write `t = match …`"),
    ("t = window a by k over 1h compute n = count()", "D0103", "=", "write `n := …`"),
    ("t = window a by k over 1h compute n: count()", "D0103", ":", "write `n := …`"),
    ("t = match a let k == 3", "D0103", "==", "write `k := …`"),
    ("alert t as (actor = a)", "D0103", "=", "write `actor: …`"),
    ("t = window a k over 1h compute n := count()", "D0104", "k", "the form is"),
    ("t = sequence k within 1h: a then b", "D0104", "k", "the form is"),
    ("t = window a by k over 1h compute n := count() m := sum(x)", "D0105", "m", ""),
    ("t = match a where x in {1 2}", "D0105", "2", ""),
    ("t = match a where f(x, )", "D0105", ",", ""),
    ("alert t as (actor: a source: b)", "D0105", "source", ""),
    ("t = match a where x == 1 && y == 2", "D0106", "&&", "write `and`"),
    ("t = match a where x == 1 || y == 2", "D0106", "||", "write `or`"),
    ("t = match a where !x", "D0106", "!", "write `not`"),
    ("t = match a where x == 1 AND y == 2", "D0106", "AND", "write `and`"),
    ("t = match a WHERE x == 1", "D0106", "WHERE", "write `where`"),
    ("t = match a where x <> 1", "D0106", "<>", "write `!=`"),
    ("t = match a where x => 1", "D0106", "=>", "write `>=`"),
    ('t = match a where x =~ "y"', "D0106", "=~", "write `matches`"),
    ("t = match a where x is true", "D0106", "true", "write `== true`"),
    ('t = match a where x == any {"y"}', "D0106", "any", "write `has any"),
    ("t = match a where (x == 1", "D0107", "(", "add `)` before the end of the block"),
    ("t = match a where x in {1, 2\nu = match a", "D0107", "{", "add `}` before `u`"),
    ("t = match a where x == 1)", "D0107", ")", ""),
    ("t = match a where f(x}", "D0107", "}", "write `)`"),
    ("when = match a", "D0108", "when", "choose another name"),
    ("t = match a let where := 1", "D0108", "where", "choose another name"),
    ("t = match a where compute == 3", "D0108", "compute", "choose another name"),
    ("t = sequence by k within 1h: a as by then b", "D0108", "by", "choose another name"),
    ("t = mach a where x", "D0109", "mach", "did you mean `t = match …`"),
    ("t = a where x", "D0109", "a", "did you mean `t = match a …`"),
    ("t = group a by b", "D0109", "group", "did you mean `t = window …`"),
    ("t = frobnicate a", "D0109", "frobnicate", "verbs are `match`"),
    ("t = window a by k over 10 compute n := count()", "D0110", "10", "write `10m`"),
    ("t = window a by k over 10 minutes compute n := count()", "D0110", "10", "write `10m`"),
    ("t = window a by k over 10min compute n := count()", "D0110", "10min", "write `10m`"),
    ("t = window a by k over 2w compute n := count()", "D0110", "2w", "write `14d`"),
    ("t = match a where x == 'y'", "D0111", "'y'", 'write `"y"`'),
    ('t = match a where x == "y', "D0112", '"y', "is a quote"),
    (r't = match a where x endswith "\temp\"', "D0112", r'"\temp\"', "is a quote"),
    ("alert t (actor: a)", "D0113", "(", "write `alert t as (actor"),
    ("alert t actor: a", "D0113", "actor", "write `alert t as (actor"),
    ("alert t as actor: a", "D0113", "actor", "write `alert t as (actor"),
    ("alert t severity high", "D0113", "severity", "write `alert t as (actor"),
    ("alert t", "D0113", "", "write `alert t as (actor"),
    ("t = match a x == 1", "D0114", "x", "the form is `name = match"),
    ("t = match a where x == 1 y == 2", "D0114", "y", "the form is"),
    ("t match a", "D0114", "match", "write `t = match …`"),
    ("t = absence a following b by k within 1h", "D0114", "a", "the form is"),
    ("t = sequence by k within 1h a then b", "D0114", "a", "the form is"),
    ("t = sequence by k within 1h: a as x b as y", "D0114", "b", "the form is"),
    ("t = score a: x -> 30", "D0114", "30", "write `+30`"),
    ("match a where x", "D0115", "match", "write `name = match …`"),
    ("t = match a where x in (1, 2)", "D0117", "(", "write `in {…}`"),
    ("t = match a where x in [1, 2]", "D0117", "[", "write `in {…}`"),
    ('t = match a where x in "y"', "D0117", '"y"', 'write `in {"y"}`'),
    ("t = match a where x == 1;", "D0118", ";", "no end mark"),
    ("t = match a where 1 < x < 3", "D0118", "<", "a < b and b < c"),
    ("t = match a where x == é", "D0118", "é", "names are made of"),
    ("t = union a", "D0101", "", "the form is `name = union"),
    ("t = match a where", "D0101", "", "the form is `name = match"),
    ("t = join a with b on k before within 1h", "D0101", "before", "the form is `name = join"),
    ("t = sequence by k: a then b", "D0101", ":", "the form is `name = sequence"),
]


@pytest.mark.parametrize(("text", "code", "marked", "hint"), CASES)
def test_each_mistake_is_told_in_the_author_s_words(text, code, marked, hint):
    block, faults = parse(text)
    assert block is None
    first = faults[0]
    assert (first.code, text[first.at.start : first.at.end]) == (code, marked)
    assert hint in first.hint


def test_several_faults_of_one_block():
    text = (
        "# a comment\n"
        "a = match x where y = 3\n"
        "b = window a by y over 10 compute\n"
        "      n := count() m := count()\n"
        "c = union a, b\n"
        "d = match q where (1 == 2\n"
        "alert d\n"
    )
    found = [(f.code, text.count("\n", 0, f.at.start) + 1) for f in parse(text)[1]]
    assert found == [("D0102", 2), ("D0110", 3), ("D0107", 6), ("D0113", 7)]


def test_a_missing_value_at_the_end_of_a_statement():
    text = "t = match a where\nu = match b"
    (fault,) = parse(text)[1]
    assert (fault.code, text[fault.at.start : fault.at.end]) == ("D0101", "where")


def _faulty(blocks):
    """The catalogue with one token left out, doubled or exchanged, reproducibly."""
    chance = random.Random(1)
    word = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|:=|==|->|[^\s\w]')
    for text in blocks.values():
        tokens = list(word.finditer(text))
        for _ in range(3):
            hit = chance.choice(tokens)
            new = chance.choice(["", hit[0] * 2, chance.choice(tokens)[0], f"{hit[0]} {hit[0]}"])
            yield text[: hit.start()] + new + text[hit.end() :]


def test_no_terminal_reaches_an_author_and_nothing_raises(blocks):
    terminals = re.compile(
        r"\b(" + "|".join(t.name for t in grammar().terminals if t.name != "AND") + r"|BAD)\b|\$END"
    )
    known = set(all_codes())
    shapes = re.compile(r"`[^`]*`")
    for text in _faulty(blocks):
        for fault in parse(text)[1]:
            told = shapes.sub("", f"{fault.message} {fault.label} {fault.hint}")
            assert not terminals.search(told), (told, text)
            assert fault.code in known
            assert 0 <= fault.at.start < fault.at.end <= len(text) + 1
