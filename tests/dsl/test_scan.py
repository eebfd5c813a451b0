"""Where a faulty block stops, and the repairs that are tried there."""

from dsl.scan import BAD, END, scan, stop


def test_tokens_are_those_of_the_lexer_and_bad_ones():
    text = "t = match a where b == 'x' && c # no"
    kinds = [t.type for t in scan(text)]
    assert kinds == ["HEAD", "EQUALS", "MATCH", "NAME", "WHERE", "NAME", "EQ", BAD, BAD, "NAME"]
    assert all(text[t.start_pos : t.end_pos] == t for t in scan(text))


def test_where_it_stops():
    where = stop("t = window a k over 1h compute n := count()")
    assert str(where.found) == "k"
    assert where.accepts == {"BY"}
    assert where.fits("BY", "NAME", "OVER")
    assert not where.fits("OVER")
    assert (where.verb, where.around(-1), where.around(99).type) == ("window", "a", END)


def test_a_faultless_block_does_not_stop(blocks):
    assert [name for name, text in blocks.items() if stop(text) is not None] == []


def test_open_brackets_are_those_of_the_statement():
    where = stop("t = match a where (b\nu = match a where f({x, (y)) ")
    assert [str(t) for t in where.opens()] == ["("]
