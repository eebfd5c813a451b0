"""Questions to an engine: what they answer, where there is nothing, and page by page."""

import msgspec
import pytest

from engine.health import Issue
from engine.health.life import Standing
from engine.instance.registry import Sensor
from engine.store import health as stored
from engine.store.desk import Desk
from portal.reading import alerts, audit, detections, entities, events, health, lists, sensors
from portal.reading.alerts import Wanted
from portal.reading.paging import MarkError

S = 1_000_000
T = 1_767_614_400_000_000


def decide(house, number, action, **kw):
    with house.sources.deciding() as desk:
        desk.decide(number, action, "ann", T, **kw)
    house.service.step()


def test_nothing_yet(house):
    nothing = {"alerts": [], "next": None}
    assert alerts.listed(house.sources, Wanted()) == nothing
    assert alerts.listed(house.sources, Wanted(tactic=("discovery",))) == nothing
    assert alerts.counts(house.sources, Wanted())["total"] == 0
    assert alerts.one(house.sources, 1) is None
    assert entities.found(house.sources, "a") == []
    assert entities.one(house.sources, "ann@corp.test") is None
    assert events.of_entity(house.sources, "ann@corp.test") == {"events": [], "next": None}
    assert detections.listed(house.sources) == []
    assert detections.one(house.sources, "zone_transfers") is None
    assert (lists.listed(house.sources), sensors.listed(house.sources)) == ([], [])
    assert health.stands(house.sources)["ticked"] is None
    assert audit.listed(house.sources) == {"lines": [], "next": None}


def test_alerts_are_filtered_and_counted(house):
    house.ask(0)
    house.ask(1, source="ws8.corp.test")
    house.ask(2, source="ws8.corp.test", qtype="ixfr")
    decide(house, 2, "close", verdict="benign")

    def numbers(**wanted):
        page = alerts.listed(house.sources, Wanted(**wanted))
        return [a["number"] for a in page["alerts"]]

    assert numbers() == [3, 2, 1]
    assert numbers(status=("open",)) == [3, 1]
    assert numbers(severity=("low",)) == [3]
    assert numbers(tactic=("reconnaissance",)) == [2, 1]
    assert numbers(tactic=("reconnaissance",), detection=("whole_zones",)) == []
    assert numbers(detection=("whole_zones",)) == [3]
    assert numbers(entity="WS8.corp.test") == [3, 2]
    assert numbers(since="2026-01-05T12:00:01") == [3, 2]
    assert numbers(until="2026-01-05T12:00:01") == [1]
    assert alerts.counts(house.sources, Wanted()) == {
        "total": 3,
        "by_status": {"open": 2, "closed": 1},
        "by_severity": {"high": 2, "low": 1},
        "by_tactic": {"reconnaissance": 2, "discovery": 1},
        "by_detection": {"zone_transfers": 2, "whole_zones": 1},
    }


def test_pages_of_alerts(house):
    for i in range(7):
        house.ask(i // 2, source=f"ws{i}.corp.test")
    seen, mark = [], None
    for _ in range(3):
        page = alerts.listed(house.sources, Wanted(), 3, mark)
        seen += [a["number"] for a in page["alerts"]]
        mark = page["next"]
    assert mark is None
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    for wrong in ("nonsense", "%", "kQE", "ä"):
        with pytest.raises(MarkError):
            alerts.listed(house.sources, Wanted(), 3, wrong)


def test_an_alert_with_its_history(house):
    house.ask(0)
    decide(house, 1, "assign", assignee="bob")
    decide(house, 1, "comment", note="looks odd")
    one = alerts.one(house.sources, 1)
    assert one["alert"]["explanation"] == "ws9.corp.test asked for corp.test"
    assert one["alert"]["assignee"] == "bob"
    assert [e["query"] for e in one["alert"]["evidence"]] == ["corp.test"]
    assert [(e["who"], e["action"], e["note"]) for e in one["history"]] == [
        ("ann", "assign", ""), ("ann", "comment", "looks odd"),
    ]  # fmt: skip
    assert one["guidance"]["respond"] == ["Ask its owner."]
    lines = audit.listed(house.sources, 1)
    assert [line["action"] for line in lines["lines"]] == ["comment"]
    assert [e["action"] for e in audit.listed(house.sources, 9, lines["next"])["lines"]] == [
        "assign"
    ]


def test_a_deleted_alert_leaves_no_entity(house):
    house.ask(0, query="secret.test")
    assert [e["key"] for e in entities.found(house.sources, "ws9")] == ["ws9.corp.test"]
    decide(house, 1, "delete")
    assert entities.found(house.sources, "secret") == []
    assert alerts.listed(house.sources, Wanted(entity="ws9.corp.test"))["alerts"] == []


def test_a_desk_of_an_earlier_release(house):
    house.ask(0)
    with house.sources.deciding() as desk:
        desk.connection.executescript(
            "DROP TABLE entity; DROP TRIGGER alert_is_gone; DELETE FROM desk WHERE key = 'entities'; PRAGMA user_version = 2"
        )
    Desk(house.sources.desk_file).close()
    assert len(alerts.listed(house.sources, Wanted(entity="ws9.corp.test"))["alerts"]) == 1


def test_entities(house):
    house.fill_directory()
    house.ask(0)
    house.log_on(5)
    found = entities.found(house.sources, "an")
    assert [(e["key"], e["kind"]) for e in found] == [
        ("ann@corp.test", "account"), ("anton@corp.test", "account"),
    ]  # fmt: skip
    assert [e["key"] for e in entities.found(house.sources, "a", "group")] == ["admins@corp.test"]
    assert entities.found(house.sources, "old") == []
    ann = entities.one(house.sources, "Ann@corp.test")
    assert (ann["tags"], ann["groups"]) == (["honeytoken"], ["admins@corp.test"])
    assert ann["also"] == {
        "previous": ["anna@corp.test"], "services": ["http/ann"], "host": None, "account": None,
    }  # fmt: skip
    assert ann["directory"]["sid"] == "S-1-5-21-1-2-3-1104"
    assert ann["first_seen"] == ann["last_seen"] == "2026-01-05T12:00:05.000000Z"
    ws9 = entities.one(house.sources, "ws9.corp.test")
    assert [(a["address"], a["certainty"]) for a in ws9["addresses"]] == [("10.0.0.9", "high")]
    assert ws9["alerts"] == ws9["counts"]["total"] == 1
    assert entities.one(house.sources, "admins@corp.test")["members"] == ["ann@corp.test"]


def test_activities_by_time_over_all_types(house):
    for second in (0, 1, 2):
        house.ask(second)
        house.log_on(second)
    house.log_on(-40 * 86_400)  # long before
    house.ask(9, source="ws8.corp.test")
    seen, mark = [], None
    for _ in range(4):
        page = events.of_entity(house.sources, "ws9.corp.test", most=2, after=mark)
        seen += [((e["ts"] - T) // S, e["type"]) for e in page["events"]]
        mark = page["next"]
    assert mark is None
    both = ["kerberos_as", "dns_query"]
    assert seen == [(s, t) for s in (2, 1, 0) for t in both] + [(-40 * 86_400, "kerberos_as")]
    told = events.of_entity(house.sources, "ws9.corp.test", ("dns_query",), T + S, T + S)
    assert [e["type"] for e in told["events"]] == ["dns_query"]


def test_detections(house):
    house.ask(0)
    house.ask(1, source="ws8.corp.test")
    decide(house, 2, "close", verdict="false_positive")
    lines = {d["id"]: d for d in detections.listed(house.sources)}
    assert {n: d["state"] for n, d in lines.items()} == {
        "all_records": "disabled", "whole_zones": "enabled", "zone_transfers": "enabled",
    }  # fmt: skip
    assert lines["all_records"]["why"] == "too many"
    zone = lines["zone_transfers"]
    assert (zone["alerts"], zone["open"], zone["verdicts"]) == (2, 1, {"false_positive": 1})
    assert (zone["last_fired"], zone["tactic"]) == ("2026-01-05T12:00:01.000000Z", "discovery")
    assert (zone["coverage"], zone["sensitivity"]) == ("seen", "medium")
    one = detections.one(house.sources, "zone_transfers")
    assert "qtype == axfr" in one["text"]
    assert one["reads"][0]["events"] == 2
    assert one["params"][0]["value"] == "1"
    assert detections.one(house.sources, "all_records")["text"].startswith("atp: 1")


def test_a_detection_that_cannot_be_computed(house):
    house.engine.faults["whole_zones"] = "Out of Memory\nlong"
    house.service._note_status()
    line = next(d for d in detections.listed(house.sources) if d["id"] == "whole_zones")
    assert (line["state"], line["why"], line["coverage"]) == ("fault", "Out of Memory", "blind")


def test_lists_and_exclusions(house):
    house.service.step()
    told = {one["name"]: one for one in lists.listed(house.sources)}
    assert told["zone_transfers"]["excludes"]
    assert not told["secondaries"]["excludes"]
    assert [(e["value"], e["expired"]) for e in told["secondaries"]["entries"]] == [
        ("ns2.corp.test", True), ("ns3.corp.test", False),
    ]  # fmt: skip


def test_sensors(house):
    registry = house.registry
    registry.add("dc1", "dc1", "c", "", "1.0")
    registry.add("gone", "gone", "c", "", "1.0")
    registry.revoke("gone")
    registry.seen(Sensor("dc1", "dc1", 0, "c", skew=2_500_000, events=7, dropped={"dns_query": 3}))
    dc1, gone = sensors.listed(house.sources)
    assert (dc1["skew_seconds"], dc1["events"], dc1["dropped"]) == (2.5, 7, {"dns_query": 3})
    assert dc1["lag_seconds"] == 0.0
    assert gone["state"] == "revoked"


def test_health(house):
    house.ask(0)
    with house.sources.deciding() as desk, desk.transaction():
        stored.put(desk, [
            Standing(Issue("disk_space", "", "high", "Full", "t", "r"), "open", T, T),
            Standing(Issue("late_events", "x", "low", "Late", "t", "r"), "closed", T, T + S),
        ])  # fmt: skip
    told = health.stands(house.sources)
    assert [i["check"] for i in told["issues"]] == ["disk_space", "late_events"]
    assert (told["open"], told["events"], told["detections"]) == ({"high": 1}, 1, 2)
    assert told["ticked"] is not None


def test_answers_are_plain(house):
    """As templates and the encoder of the API take them."""
    house.fill_directory()
    house.ask(0)
    for answer in (
        alerts.listed(house.sources, Wanted()),
        alerts.one(house.sources, 1),
        entities.one(house.sources, "ws9.corp.test"),
        detections.one(house.sources, "zone_transfers"),
        health.stands(house.sources),
    ):
        assert msgspec.json.decode(msgspec.json.encode(answer)) == answer
