"""Pieces, their comments and their blanks."""

from dsl.format_tokens import line, statements


def test_comments_belong_to_pieces():
    found, tail = statements("# a\n\n# b\nt = match x # c\n  # d\n  where y\n\n# e\n")
    (statement,) = found
    assert statement.above == ["# a", "", "# b"]
    pieces = {p.text: p for p in statement.pieces}
    assert (pieces["x"].beside, pieces["where"].above) == ("# c", ["# d"])
    assert tail == ["", "# e"]


def test_alert_as_a_source_begins_no_statement():
    found, _ = statements("t = union alert, a\nu = match alert\nalert alert as (a: b)")
    assert [s.verb for s in found] == ["UNION", "MATCH", "ALERT"]


def test_blanks():
    (statement,), _ = statements("t = match x where a  has   any{b} and f (c,-d . e) == - 1")
    assert line(statement.pieces) == "t = match x where a has any {b} and f(c, -d.e) == -1"
