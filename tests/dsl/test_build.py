"""Trees of every rule come out whole."""

from dsl import syntax
from dsl.parse import parse


def relation(text):
    block, faults = parse(f"t = {text}")
    assert not faults
    return block.statements[0].relation


def test_window():
    window = relation(
        "window w by a, b over 1h compute n := count() where x, m := set(y) having n > 1"
    )
    assert window.kind == "sliding"
    assert [(k.left.parts, k.right) for k in window.keys] == [(("a",), None), (("b",), None)]
    assert [(a.name, a.where is not None) for a in window.aggregates] == [("n", True), ("m", False)]
    assert (window.over.microseconds, window.over.text) == (3_600_000_000, "1h")
    assert relation("window w by a over 1h tumbling compute n := count()").kind == "tumbling"


def test_join():
    join = relation("join a with b on x ~ y, z within 1h after optional keep b.c as d, e")
    assert (join.direction, join.optional) == ("after", True)
    assert [(k.column.parts, k.alias) for k in join.keeps] == [(("b", "c"), "d"), (("e",), None)]
    assert join.keys[0].right.parts == ("y",)
    assert relation("join a with b on x within 1h before").keeps == ()


def test_absence():
    absence = relation("absence of b where p preceding a by k within 1h")
    assert (absence.of.parts, absence.anchor.parts) == (("b",), ("a",))
    assert (absence.direction, absence.where.parts) == ("preceding", ("p",))


def test_profile_model_union():
    profile = relation(
        "profile of r by k bucket 1h over 7d learn n := count() ready n > 1 peers by a.b"
    )
    assert (profile.bucket.text, profile.over.text) == ("1h", "7d")
    assert (len(profile.keys), profile.peers[0].left.parts) == (1, ("a", "b"))
    model = relation("model outlier of r by k over 7d using a, b.c")
    assert (model.model, [p.parts for p in model.using]) == ("outlier", [("a",), ("b", "c")])
    assert [s.parts for s in relation("union a, alert, c").sources] == [("a",), ("alert",), ("c",)]


def test_score():
    score = relation('score r: a -> +30 "x" b > 2 -> -5')
    assert [(points, reason) for _, points, reason in score.terms] == [(30, "x"), (-5, None)]


def test_match():
    match = relation("match alert where a let b := 1, c := b + 1")
    assert match.source.parts == ("alert",)
    assert [n.name for n in match.lets] == ["b", "c"]
    assert isinstance(match.lets[1].value, syntax.Binary)
