"""Hunting: questions are answered as a table, refused ones are told, all are audited."""

import html
import re

import pytest

from portal.reading.relations import answered_relation


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
    for language, text in (*_FIRST.items(), *(a[1:] for a in _ASKED)):
        answer = one.post("/hunt", {"q": text, "language": language})
        assert answer.status_code == 200, answer.text


def _plain(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("a = match dns_query where qtype == axfr", 200, "2 rows"),
        (
            'a = match dns_query where qtype == axfr\r\nb = match a where source == "ws8.corp.test"',
            200,
            "1 row ",
        ),
        (
            "  w = window dns_query by source over 1h compute n := count() having n >= 2",
            200,
            "No event is so.",
        ),
        ("a = match dns_query where qtyp == axfr", 400, "did you mean `qtype`?"),
        ("a = match dns_query where", 400, "1 | a = match dns_query where"),
        ("a = match dns_query\nalert a as (source: source)", 400, "a query raises no alert"),
        ("dns_query = match dns_query", 400, "is a type of events"),
        ("a = match nothing", 400, "1 | a = match nothing"),
        (
            "p = profile of dns_query by source bucket 1d over 2d learn n := count()",
            400,
            "has no rows",
        ),
        ("m = model novelty of dns_query by source, query over 30d", 400, "by detections only"),
        ("", 400, "empty"),
        ("a = match dns_query\x00", 400, "signs without a form"),
        ("(" * 5000, 400, "|"),
    ],
)
def test_questions_in_the_detection_language(house, browser, text, code, told):
    house.ask(0)
    house.ask(7_200, source="ws8.corp.test")
    answer = browser("viewer").post("/hunt", {"q": text, "language": "rule"})
    assert (answer.status_code, html.unescape(told) in html.unescape(_plain(answer.text))) == (
        code,
        True,
    ), _plain(answer.text)


def test_the_period_bounds_both_languages(house, browser):
    house.ask(0)
    house.ask(90_000, source="ws8.corp.test")
    one = browser("viewer")
    for language, text in (("rule", "a = match dns_query"), ("sql", "SELECT * FROM dns_query")):
        for period, rows in (("1h", "1 row "), ("7d", "2 rows"), ("", "2 rows")):
            form = {"q": text, "language": language, "period": period}
            assert rows in _plain(one.post("/hunt", form).text), (language, period)


def test_rows_are_the_newest_and_no_more_than_allowed(house):
    for second in range(4):
        house.ask(second, source=f"ws{second}.corp.test")
    found = answered_relation(house.sources, "a = match dns_query", 2)
    source = [c["name"] for c in found["columns"]].index("source")
    assert [row[source] for row in found["rows"]] == ["ws3.corp.test", "ws2.corp.test"]
    assert found["cut"] is True


def test_profiles_are_asked_of_the_stored_events(house):
    house.ask(0)
    house.ask(90_000)
    house.ask(90_060, source="ws8.corp.test")
    text = "usual = profile of dns_query by query bucket 1d over 30d learn hosts := set(source)\na = match dns_query where not source in usual.hosts and usual.n > 0"
    found = answered_relation(house.sources, text, 10)
    source = [c["name"] for c in found["columns"]].index("source")
    assert [row[source] for row in found["rows"]] == ["ws8.corp.test"]


def test_answers_are_drawn(house, browser, seen):
    for second, source in ((0, "ws9"), (60, "ws9"), (120, "<b>ws8")):
        house.ask(second, source=source)
    form = {"q": "SELECT ts, source, qtype FROM dns_query", "by": "source"}
    text = browser("viewer").post("/hunt", form).text
    assert "at most in a fortieth of it" in text
    assert re.findall(r'<td class="n">(\d)</td>', text) == ["2", "1"]
    assert seen(text).acts == []


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("sql", "SELECT source FROM dns_que", "dns_query"),
        ("sql", "SELECT d.qty| FROM dns_query d", "qtype"),
        ("sql", "SEL", "SELECT"),
        ("rule", "a = match dns_que", "dns_query"),
        ("rule", "a = match dns_query where qty", "qtype"),
        ("rule", "a = mat", "match"),
        ("rule", "a = match dns_query where source in @second", "@secondaries"),
    ],
)
def test_what_may_stand_at_the_cursor(house, browser, language, text, first):
    house.ask(0)
    at = text.find("|") if "|" in text else len(text)
    form = {"q": text.replace("|", ""), "at": str(at), "language": language}
    found = re.findall(r'data-text="([^"]+)"', browser("viewer").post("/hunt/complete", form).text)
    assert found[:1] == [first]
