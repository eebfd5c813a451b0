"""Hunting: questions are answered as a table, refused ones are told, all are audited."""

import pytest


@pytest.mark.parametrize(
    ("sql", "code", "told"),
    [
        ("SELECT source, qtype FROM dns_query", 200, "ws9.corp.test"),
        ("SELECT source FROM dns_query WHERE qtype = 'mx'", 200, "No event is so."),
        ("SELECT '<b>x</b>' AS a FROM dns_query", 200, "&lt;b&gt;x&lt;/b&gt;"),
        ("DELETE FROM dns_query", 400, 'role="alert"'),
        ("SELECT * FROM read_csv('/etc/passwd')", 400, 'role="alert"'),
        ("SELECT nothing FROM dns_query", 400, 'role="alert"'),
    ],
)
def test_questions(house, browser, sql, code, told):
    house.ask(0)
    one = browser("viewer")
    answer = one.post("/hunt", {"q": sql})
    assert (answer.status_code, told in answer.text) == (code, True), answer.text
    with house.sources.desk() as desk:
        assert [e.note for e in desk.audit() if e.action == "query"] == [sql]


def test_what_is_there_to_begin_with_is_sound(house, browser):
    from portal.pages.hunt import _ASKED, _FIRST

    one = browser("viewer")
    for sql in (_FIRST, *(sql for _, sql in _ASKED)):
        assert one.post("/hunt", {"q": sql}).status_code == 200, sql
