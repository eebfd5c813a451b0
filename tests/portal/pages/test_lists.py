"""Lists as people read and keep them."""

import json

import pytest

ENTRY = {
    "action": "add", "value": "ws9.corp.test", "role": "source", "owner": "ann",
    "reason": "a lab", "expires": "2199-01-31",
}  # fmt: skip


@pytest.fixture
def filled(house):
    house.log_on(0)
    return house


def test_lists_are_read(filled, browser):
    one = browser("viewer")
    text = one.get("/lists").text
    for part in ("secondaries", "ns2.corp.test", "dns team", "a secondary", "2020-01-01", "expired",
                 "/detections/zone_transfers"):  # fmt: skip
        assert part in text, part
    found = one.get("/lists?q=transfers").text
    assert 'href="/lists/zone_transfers"' in found
    assert 'href="/lists/secondaries"' not in found
    assert "<form" not in one.get("/lists/secondaries").text.partition("<main")[2]
    assert one.get("/lists/nothing").status_code == 404
    assert one.get("/lists/whole_zones").status_code == 200


def test_an_exclusion_holds_at_once_and_is_taken_out(filled, browser):
    one = browser("user")
    assert one.post("/lists/zone_transfers", ENTRY).headers["location"] == "/lists/zone_transfers"
    text = one.get("/lists/zone_transfers").text
    assert "source=ws9.corp.test" in text
    filled.ask(10)
    filled.ask(11, source="ws8.corp.test")
    with filled.sources.desk() as desk:
        assert [desk.alert(n)["source"] for n in (1,)] == ["ws8.corp.test"]
        assert desk.count() == 1
    gone = {"action": "remove", "value": "source=ws9.corp.test"}
    assert one.post("/lists/zone_transfers", gone).status_code == 303
    assert "ws9.corp.test" not in one.get("/lists/zone_transfers").text
    filled.ask(7_300)
    with filled.sources.desk() as desk:
        assert desk.count() == 2
        (added, taken) = [e for e in desk.audit() if e.kind == "list"]
    assert (added.who, added.action, added.object) == ("some-user", "add", "zone_transfers")
    said = json.loads(added.after)
    assert said == {
        "value": "source=ws9.corp.test", "owner": "ann", "reason": "a lab", "expires": "2199-01-31",
    }  # fmt: skip
    assert (taken.action, json.loads(taken.before), taken.note) == ("remove", said, "a lab")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"owner": " "}, "an owner and a reason"),
        ({"expires": "2020-01-01"}, "no time to come"),
        ({"expires": ""}, "no time to come"),
        ({"role": "king"}, "no role"),
        ({"value": "x" * 2_000}, "at most"),
        ({"action": "remove", "value": "shipped"}, "no such entry"),
    ],
)
def test_what_is_refused(filled, browser, change, why):
    before = (filled.lists / "zone_transfers.yaml").read_text()
    answer = browser("user").post("/lists/zone_transfers", {**ENTRY, **change})
    assert answer.status_code == 409
    assert why in answer.text
    assert (filled.lists / "zone_transfers.yaml").read_text() == before


def test_a_folder_that_cannot_be_written(filled, browser, monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied", "lists")

    monkeypatch.setattr("engine.tuning.writing.Change.write", fail)
    answer = browser("user").post("/lists/zone_transfers", ENTRY)
    assert answer.status_code == 409
    assert "Permission denied: lists" in answer.text


def test_a_faulty_file_changes_nothing(filled, browser):
    (filled.lists / "other.yaml").write_text("list: other\n")
    answer = browser("user").post("/lists/zone_transfers", ENTRY)
    assert (answer.status_code, "mend it first" in answer.text) == (409, True)


def test_without_a_folder_nothing_is_offered(filled, browser):
    filled.reloading.at = filled.reloading.at._replace(lists=())
    one = browser("user")
    assert "--lists FOLDER" in one.get("/lists/secondaries").text
    assert one.post("/lists/secondaries", ENTRY).status_code == 409
