"""An alert's page: what it shows, what is decided there, what leaves it."""

import io
import re
from urllib.parse import urlencode

import openpyxl
import pytest

HOSTILE = (
    "<script>alert(1)</script>", "{{7*7}}{% raw %}", "'; DROP TABLE alert; --", "=cmd|' /C calc'!A0",
    "\x1b[2Jgone", "\u202egnp.exe", "a\u200bb", '" onmouseover="alert(1)', "</svg><img src=x onerror=x>",
    "javascript:alert(1)",
)  # fmt: skip


@pytest.fixture
def shown(house, browser):
    house.ask(0)
    house.ask(5, query="sub.corp.test")
    return browser("user")


def test_it_says_why(shown):
    text = shown.get("/alerts/1").text
    for part in ("Zone transfer", "ws9.corp.test", "qtype == axfr", "Ask its owner.", "secondary servers",
                 "The whole detection", "2 events"):  # fmt: skip
        assert part in text, part


def test_who_has_a_page_is_linked_what_was_asked_is_not(shown):
    text = shown.get("/alerts/1").text
    part = text.partition("Who takes part")[2].partition("</section>")[0]
    assert '<a class="entity" href="/entity?name=ws9.corp.test"' in part
    assert "corp.test</bdi><br>" in part
    assert "name=corp.test" not in part


def test_its_life(shown, house):
    steps = [
        ({"action": "close"}, 400, "open"),
        ({"action": "comment", "note": " "}, 400, "open"),
        ({"action": "fly"}, 400, "open"),
        ({"action": "assign", "assignee": "some-user"}, 303, "open"),
        ({"action": "comment", "note": "seen\nit"}, 303, "open"),
        ({"action": "suppress"}, 303, "suppressed"),
        ({"action": "suppress"}, 409, "suppressed"),
        ({"action": "reopen"}, 303, "open"),
        ({"action": "close", "verdict": "benign"}, 303, "closed"),
        ({"action": "delete"}, 303, None),
    ]
    for form, code, state in steps:
        assert shown.post("/alerts/1", form).status_code == code, form
        with house.sources.desk() as desk:
            alert = desk.alert(1)
        assert (alert["status"] if alert else None) == state, form
    with house.sources.desk() as desk:
        audited = [(e.who, e.action, e.note) for e in desk.audit(alert=1)]
    assert {who for who, *_ in audited} == {"some-user"}
    told = [action for _, action, _ in audited]
    assert told == ["assign", "comment", "suppress", "reopen", "close", "delete"]
    assert audited[1][2] == "seen\nit"


def test_the_history_is_shown(shown):
    shown.post("/alerts/1", {"action": "comment", "note": "<b>look</b>"})
    assert "&lt;b&gt;look&lt;/b&gt;" in shown.get("/alerts/1").text


def test_it_is_exported(shown, house):
    book = openpyxl.load_workbook(io.BytesIO(shown.get("/alerts/1/export/xlsx").content))
    assert "Summary" in book.sheetnames
    answer = shown.get("/alerts/1/export/json")
    assert answer.headers["content-disposition"] == 'attachment; filename="alert-1.json"'
    assert "zone_transfers" in answer.text
    with house.sources.desk() as desk:
        exported = [(e.object, e.note) for e in desk.audit() if e.kind == "export"]
    assert exported == [("alert 1", "xlsx"), ("alert 1", "json")]


USUAL = {"profile": "usual", "key": {"account": "<b>ann"}, "at": 0, "rows": 30, "first_seen": 5,
         "buckets": 12, "ready": True}  # fmt: skip
MEASURE = {"limit": None, "low": None, "high": None, "median": None, "p95": None, "max": None,
           "values": [], "size": 0, "hours": []}  # fmt: skip


def test_what_was_usual_stands_beside_what_was_seen(house, browser, seen):
    house.ask(0)
    measures = [
        {**MEASURE, "name": "tries", "kind": "number", "observed": 57, "limit": 10.0, "median": 3.0,
         "p95": 5.0, "max": 9},
        {**MEASURE, "name": "hosts", "kind": "set", "observed": "</svg>ws9", "values": ["ws1", "ws2"],
         "size": 2},
        {**MEASURE, "name": "hour_share", "kind": "hour", "observed": 7_200_000_000,
         "hours": [0.0] * 11 + [0.25] + [0.0] * 12},
    ]  # fmt: skip
    for records in house.engine.running["zone_transfers"].records.values():
        records[0].usual = [{**USUAL, "measures": measures}]
    house.ask(5)
    text = browser("viewer").get("/alerts/1").text
    plain = " ".join(re.sub(r"<[^>]+>", "", text).split())
    for words in ("tries: seen 57", "half of the time at most 3", "95 of 100 times at most 5",
                  "never more than 9, held against 10", "over 12 spans of time", "30 times before",
                  "hosts: seen &lt;/svg&gt;ws9, usual are 2 others", "in which it was never seen"):  # fmt: skip
        assert words in plain, words
    assert text.count('class="mark-seen"') == text.count('class="bar-seen"') == 1
    assert seen(text).acts == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_safely(house, browser, seen, name):
    house.ask(0, source=name, query=name)
    one = browser("administrator")
    one.post("/alerts/1", {"action": "comment", "note": name})
    query = urlencode({"name": name.lower()})
    paths = ["/", "/alerts/1", f"/entity?{query}", f"/entity?{query}&tab=alerts", f"/entity/card?{query}", f"/entity/usual?{query}",
             f"/entities?{urlencode({'q': name})}", f"/?{urlencode({'entity': name})}",
             f"/suggest?{urlencode({'q': name})}", "/audit"]  # fmt: skip
    for path in paths:
        answer = one.get(path)
        assert answer.status_code == 200, path
        page = seen(answer.text)
        assert page.acts == [], path
        assert [at for at in page.links if not at.startswith(("/", "#"))] == [], path
        for sign in "\x1b\u202e\u200b":
            # what a person wrote into a field stands there as they wrote it
            assert sign not in re.sub(r'value="[^"]*"', "", answer.text), path
