"""Half-typed blocks: what is read in spite of the cursor."""

import pytest

from dsl.assist.half import PROBE, half_typed
from dsl.check.walk import parts
from dsl.syntax import Path

WHOLE = (
    "a = match auth where outcome == success\nb = window a by source over 1h compute n := count()\n"
)
BEGUN = [
    "a = match ¦",
    "a = match auth where ¦",
    "a = match auth where x and (y or ¦",
    "a = match auth where x in {b, ¦",
    "a = match auth where f(g(¦",
    "a = match auth where x.¦",
    "a = match auth where x .\n  y¦",
    "a = match auth let k := ¦",
    "a = match auth let k := case(x -> ¦",
    "a = match auth let k := case(¦",
    "a = union x, ¦",
    "a = union ¦",
    "a = window ¦",
    "a = window x by ¦",
    "a = window x by s over 1h compute n := ¦",
    "a = window x by s over 1h compute n := count() where ¦",
    "a = window x by s over 1h compute n := count() having ¦",
    "a = sequence by ¦",
    "a = sequence by x within 1h: ¦",
    "a = sequence by x within 1h: b then ¦",
    "a = sequence by x within 1h: b as c then not ¦",
    "a = sequence by x within 1h: b as c then d where c.¦",
    "a = absence of ¦",
    "a = absence of x where ¦",
    "a = absence of x following ¦",
    "a = absence of x following y by ¦",
    "a = join ¦",
    "a = join x with ¦",
    "a = join x with y on ¦",
    "a = join x with y on k within 1h before keep ¦",
    "a = profile of ¦",
    "a = profile of x by ¦",
    "a = score x: ¦",
    'a = score x: y -> +3 "r" ¦',
    "alert ¦",
    "alert x as (¦",
    "alert x as (actor: ¦",
    "alert x as (actor: y) severity ¦",
    "alert x as (actor: y) except ¦",
    "alert x as (actor: y) dedup 1h by ¦",
]


def probes(half):
    return [
        p
        for p in parts(half.statement)
        if (isinstance(p, Path) and PROBE in p.parts) or getattr(p, "role", "") == PROBE
    ]


@pytest.mark.parametrize("text", BEGUN)
@pytest.mark.parametrize("behind", ["", "\nz = match auth where outcome == success", " )) ="])
def test_a_name_can_be_put_there(text, behind):
    half = half_typed(text.replace("¦", "") + behind, text.index("¦"))
    assert probes(half)
    names = [getattr(s, "name", "") for s in half.block.statements]
    assert "z" in names or not behind.startswith("\n")


def test_what_stands_behind_is_kept():
    text = WHOLE.replace("outcome ==", "out ==")
    half = half_typed(text, text.index("out ==") + 3)
    assert half.word == "out"
    assert [s.name for s in half.block.statements] == ["a", "b"]
    assert half.statement.relation.where.right.parts == ("success",)


@pytest.mark.parametrize(
    ("text", "accepted", "refused"),
    [
        ("¦", {"HEAD", "ALERT"}, {"MATCH"}),
        ("a = ¦", {"MATCH", "SEQUENCE"}, {"WHERE"}),
        ("a = match auth ¦", {"WHERE", "LET", "HEAD", "ALERT"}, {"BY"}),
        ("a = window auth by x over ¦", {"DURATION", "PARAM"}, {"NAME"}),
        ("a = = b ¦", set(), {"NAME", "HEAD"}),
    ],
)
def test_what_may_come(text, accepted, refused):
    accepts = half_typed(text.replace("¦", ""), text.index("¦")).accepts
    assert accepted <= accepts
    assert not refused & accepts


@pytest.mark.parametrize(("text", "quoted"), [('x = "¦', True), ("# ¦", True), ('"a" ¦', False)])
def test_texts_and_comments(text, quoted):
    assert half_typed(text.replace("¦", ""), text.index("¦")).quoted is quoted
