"""Close and exclude: looked for, chosen, signed, in force; refused where a test or a true positive vanishes."""

import re

import pytest

SIGNED = {"action": "apply", "owner": "dns team", "reason": "a <b>secondary", "expires": "90d"}


@pytest.fixture
def asked(house, browser):
    house.ask(0)
    house.ask(7_200, source="ws8.corp.test")
    return browser("user")


def _plain(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def _done(house, one, form):
    """The page after the daemon did what a form asks for; before it, the page says that it waits."""
    answer = one.post("/alerts/1/exclude", form)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    assert "Waits for its turn" in one.get(where).text
    house.work()
    return one.get(where).text


def test_it_proposes_the_narrowest_and_says_what_would_vanish(house, asked):
    text = _done(house, asked, {"action": "propose"})
    plain = _plain(text)
    assert "held against the 2 alerts of this detection" in plain
    assert "ws9.corp.test" in plain
    first = re.search(r"<tbody>\s*<tr>(.*?)</tr>", text, re.DOTALL)[1]
    assert 'value="1" required checked' in first
    assert "/alerts/2" not in first
    assert (house.lists / "zone_transfers.yaml").read_text().count("- {") == 2, "nothing is written"


def test_it_is_in_force_then(house, asked):
    text = _done(house, asked, {**SIGNED, "choose": "1"})
    assert "It is in force" in text
    assert "a &lt;b&gt;secondary" in text
    with house.sources.desk() as desk:
        assert (desk.alert(1)["status"], desk.alert(1)["verdict"]) == ("closed", "false_positive")
        (entry,) = [e for e in desk.audit() if e.action == "exclude"]
    assert (entry.who, entry.kind, entry.object) == ("some-user", "list", "zone_transfers")
    assert entry.note == SIGNED["reason"]
    house.ask(90_000)
    house.ask(90_001, source="ws7.corp.test")
    with house.sources.desk() as desk:
        assert [desk.alert(n)["source"] for n in (2, 3)] == ["ws8.corp.test", "ws7.corp.test"]
        assert desk.alert(4) is None, "ws9 is excluded now"


def test_it_is_refused_where_a_true_positive_would_vanish(house, asked):
    house.ask(14_400, query="other.test")
    asked.post("/alerts/3", {"action": "close", "verdict": "true_positive"})
    house.work()
    text = _done(house, asked, {"action": "propose"})
    assert "known true positives would not be told: alert 3" in _plain(text)
    number = 1 + [
        bool("disabled" in r) for r in re.findall(r'<input type="radio"[^>]*>', text)
    ].index(True)
    text = _done(house, asked, {**SIGNED, "choose": str(number)})
    assert "known true positives" in text
    with house.sources.desk() as desk:
        assert desk.alert(1)["status"] == "open"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({**SIGNED, "reason": " "}, 400),
        ({"action": "fly"}, 400),
        ({**SIGNED, "owner": "x" * 201}, 400),
    ],
)
def test_what_is_not_signed_is_not_asked(house, asked, form, status):
    assert asked.post("/alerts/1/exclude", form).status_code == status
    house.work()
    assert (house.lists / "zone_transfers.yaml").read_text().count("- {") == 2


def test_a_bad_end_is_told(house, asked):
    assert "is no time to come" in _done(house, asked, {**SIGNED, "expires": "1999-01-01"})


def test_an_errand_is_its_askers(house, asked, browser):
    where = asked.post("/alerts/1/exclude", {"action": "propose"}).headers["location"]
    house.work()
    assert "Would vanish" in asked.get(where).text
    other = browser("administrator").get(where).text
    assert "What was asked is gone" in other
    assert "Would vanish" not in other


def test_nobody_asks_without_end(house, asked):
    found = [asked.post("/alerts/1/exclude", {"action": "propose"}).status_code for _ in range(9)]
    assert found == [303] * 8 + [429]


def test_viewers_do_not_see_the_road(house, browser):
    house.ask(0)
    assert "/exclude" not in browser("viewer").get("/alerts/1").text
    assert "/alerts/1/exclude" in browser("user").get("/alerts/1").text
