"""Detections are switched off and on, other parameters tried and saved: in force without a restart."""

import re

import pytest

HERE = "/detections/zone_transfers/settings"


@pytest.fixture
def admin(house, browser):
    house.ask(0)
    house.ask(7_200, source="ws8.corp.test")
    return browser("administrator")


def _plain(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def _done(house, one, form):
    answer = one.post(HERE, form)
    assert answer.status_code == 303, answer.text
    house.work()
    return answer.headers["location"], one.get(answer.headers["location"]).text


def _settings(house):
    return (house.file.parent / "settings.yaml").read_text()


def test_it_is_switched_off_and_on_and_others_go_on(house, admin):
    other = house.engine.running["whole_zones"]
    _, text = _done(house, admin, {"action": "disable", "reason": 'a "loud" scanner'})
    assert "in force from the engine" in text
    assert 'zone_transfers: {"disabled": "a \\"loud\\" scanner"}' in _settings(house)
    assert "all_records" in _settings(house)
    assert "zone_transfers" not in house.engine.running
    assert house.engine.running["whole_zones"] is other
    listed = admin.get("/detections").text
    assert "a &#34;loud&#34; scanner" in listed
    assert "a &#34;loud&#34; scanner" in admin.get("/health").text
    house.ask(90_000)
    _done(house, admin, {"action": "enable", "reason": "mended"})
    assert "zone_transfers" in house.engine.running
    assert "zone_transfers" not in _settings(house)
    house.ask(180_000, source="ws7.corp.test")
    with house.sources.desk() as desk:
        told = [desk.alert(n)["source"] for n in range(1, 4)]
        assert told == ["ws9.corp.test", "ws8.corp.test", "ws7.corp.test"], "none while it was off"
        audited = [(e.who, e.object, e.note) for e in desk.audit() if e.action == "configure"]
    assert audited == [
        ("some-administrator", "zone_transfers", 'a "loud" scanner'),
        ("some-administrator", "zone_transfers", "mended"),
    ]


def test_other_values_are_tried_and_then_saved(house, admin):
    form = {"action": "try", "days": "3", "sensitivity": "own", "param.least": "5"}
    where, text = _done(house, admin, form)
    assert "2 alerts as it is, 2 with these values" in _plain(text)
    assert house.engine.running["zone_transfers"].rule.plan.params == (("least", 1),)
    id_ = where.partition("=")[2]
    _done(house, admin, {"action": "save", "tried": id_, "reason": "fewer"})
    assert dict(house.engine.running["zone_transfers"].rule.plan.params) == {"least": 5}
    assert '"params": {"least": 5}' in _settings(house)
    assert "own" in _plain(admin.get("/detections/zone_transfers").text)


def test_a_value_counts_above_a_sensitivity(house, admin):
    form = {"action": "try", "sensitivity": "low", "param.least": "7"}
    where, _ = _done(house, admin, form)
    _done(house, admin, {"action": "save", "tried": where.partition("=")[2], "reason": "fewer"})
    assert '{"sensitivity": "low", "params": {"least": 7}}' in _settings(house)
    assert dict(house.engine.running["zone_transfers"].rule.plan.params) == {"least": 7}


def test_what_a_change_would_have_told_is_shown(house, admin):
    path = house.file.parent / "detections" / "discovery" / "zone_transfers.yaml"
    text = path.read_text().replace(
        "a = match dns_query where qtype == axfr",
        "b = match dns_query where qtype == axfr\n"
        "  a = window b by source over 1h compute n := count(), query := last(query) having n >= $least",
    )
    path.write_text(text)
    house.reloading._asked.set()
    house.work()
    house.ask(20_000, source="ws1.corp.test")
    _, text = _done(house, admin, {"action": "try", "days": "3", "sensitivity": "low"})
    plain = _plain(text)
    assert "3 alerts as it is, 0 with these values: 3 would vanish, 0 would be new" in plain
    assert "ws1.corp.test asked for corp.test" in plain


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"action": "fly"}, 400),
        ({"action": "disable", "reason": " "}, 400),
        ({"action": "enable", "reason": "x"}, 400),
        ({"action": "try", "days": "61"}, 400),
        ({"action": "try", "days": "-1"}, 400),
        ({"action": "save", "tried": "none", "reason": "x"}, 400),
    ],
)
def test_what_is_not_whole_is_not_asked(house, admin, form, status):
    before = _settings(house)
    assert admin.post(HERE, form).status_code == status
    house.work()
    assert _settings(house) == before


def test_a_value_out_of_bounds_is_refused_with_the_reason(house, admin):
    _, text = _done(house, admin, {"action": "try", "sensitivity": "own", "param.least": "many"})
    assert "least: `many` is not a whole number" in _plain(text)
    where = re.search(r'name="tried" value="([^"]+)"', text)[1]
    before = _settings(house)
    _, text = _done(house, admin, {"action": "save", "tried": where, "reason": "x"})
    assert "is not a whole number" in text
    assert _settings(house) == before


def test_a_file_that_would_not_load_is_as_it_was(house, admin):
    path = house.file.parent / "settings.yaml"
    path.write_text(path.read_text() + "  no_such_rule: {sensitivity: high}\n")
    before = path.read_text()
    _, text = _done(house, admin, {"action": "disable", "reason": "x"})
    assert "the detections have errors" in text
    assert path.read_text() == before
    assert "zone_transfers" in house.engine.running


def test_tests_and_judgements_are_shown(house, admin):
    admin.post("/alerts/1", {"action": "close", "verdict": "false_positive"})
    house.work()
    plain = _plain(admin.get("/detections/zone_transfers").text)
    assert "Found false 100 % of those that were judged" in plain
    assert "Tests of its own 1" in plain
    assert "not measured of this text" in plain
