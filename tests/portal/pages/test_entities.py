"""Entities: found by their beginning, and what is told of one."""

import pytest


@pytest.fixture
def one(house, browser):
    house.fill_directory()
    house.log_on(0)
    house.ask(1)
    return browser("viewer")


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("?q=an", "ann@corp.test", "admins@corp.test"),
        ("?q=a&kind=group", "admins@corp.test", "anton@corp.test"),
        ("?q=zzz", "Nothing begins so", "ann@corp.test"),
    ],
)
def test_search(one, query, there, absent):
    text = one.get(f"/entities{query}").text
    assert there in text
    assert absent not in text


def test_suggestions(one):
    assert "ws9.corp.test" in one.get("/suggest?q=ws").text
    assert one.get("/suggest?q=").text.strip() == ""


def test_one_of_them(one):
    text = one.get("/entity?name=ann@corp.test").text
    for part in ("sensitive", "honeytoken", "S-1-5-21-1-2-3-1104", "admins@corp.test", "kerberos_as",
                 "anna@corp.test"):  # fmt: skip
        assert part in text, part
    assert "Zone transfer" in one.get("/entity?name=ws9.corp.test&tab=alerts").text
    assert "No path leads here" in one.get("/entity?name=ann@corp.test&tab=paths").text
    assert "10.0.0.9" in one.get("/entity/card?name=ws9.corp.test").text
