"""The timeline: filters, pages, empty states."""

import re

import pytest

NUMBER = re.compile(r'id="alert-(\d+)"')


@pytest.fixture
def one(house, browser):
    asked = [
        (0, "a.corp.test", "axfr"),
        (10, "b.corp.test", "ixfr"),
        (90_000, "c.corp.test", "axfr"),
    ]
    for second, source, qtype in asked:
        house.ask(second, source=source, qtype=qtype)
    return browser("user")


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        ("", "abc"),
        ("?severity=high", "ac"),
        ("?severity=high&severity=low", "abc"),
        ("?severity=none", "abc"),
        ("?phase=discovery", "b"),
        ("?phase=nothing", ""),
        ("?detection=zone_transfers", "ac"),
        ("?entity=B.corp.test", "b"),
        ("?entity=nobody", ""),
        ("?status=closed", ""),
        ("?status=any", "abc"),
        ("?since=2026-01-06", "c"),
        ("?until=2026-01-05", "ab"),
        ("?since=yesterday", "abc"),
    ],
)
def test_filters(one, query, sources):
    answer = one.get(f"/{query}")
    assert answer.status_code == 200
    rows = answer.text.split("<article")[1:]
    assert {re.search(r"name=([abc])\.corp", row)[1] for row in rows} == set(sources)
    assert ("No alert fits" in answer.text) is (not sources)


def test_it_goes_on_behind_a_page(house, browser):
    for number in range(60):
        house.ask(number, source=f"h{number}.corp.test")
    one = browser("viewer")
    first = one.get("/").text
    more = re.search(r'data-hx-get="(/\?after=[^"]+)"', first)[1]
    rest = one.get(more.replace("&amp;", "&"), **{"hx-request": "true"}).text
    pages = [set(NUMBER.findall(text)) for text in (first, rest)]
    assert [len(page) for page in pages] == [50, 10]
    assert not pages[0] & pages[1]
    assert "<html" not in rest


def test_before_anything_happened(browser):
    assert "Nothing suspicious so far" in browser("viewer").get("/").text
