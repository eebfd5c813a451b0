"""Reports as people ask for them."""

import io
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pytest

from engine.daemon.reporting import of_people
from engine.daemon.reports_file import Planned
from engine.daemon.sinks_file import Filter, Sink
from portal.pages import reports as page

FORM = {"report": "summary", "since": "2026-01-05", "until": "2026-01-05"}


def asked(house, one, form):
    """What the page answers while the engine goes on."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(one.post, "/reports", form)
        while not answer.done():
            house.service.step()
        return answer.result()


def test_a_workbook(house, browser):
    house.ask(0)
    house.ask(86_400)
    answer = asked(house, browser("viewer"), FORM)
    assert answer.status_code == 200, answer.text
    assert 'filename="summary-2026-01-05-2026-01-05.xlsx"' in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
    assert rows["open suspected attacks"] == 1
    with house.sources.desk() as desk:
        (line,) = [e for e in desk.audit() if e.kind == "report"]
        assert desk.connection.execute("SELECT count(*) FROM request").fetchone() == (0,)
    assert (line.who, line.action, line.object) == ("some-viewer", "export", "summary")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"since": "2026-01-06"}, "ends before it begins"),
        ({"since": "x"}, "a first and a last day"),
        ({"until": "9999-12-31"}, "a first and a last day"),
    ],
)
def test_what_is_refused(browser, change, why):
    answer = browser("viewer").post("/reports", {**FORM, **change})
    assert (answer.status_code, why in answer.text) == (409, True)


def test_no_such_report(browser):
    assert browser("viewer").post("/reports", {**FORM, "report": "../x"}).status_code == 400


def test_not_many_at_once(browser):
    with page._turn(), page._turn():
        answer = browser("viewer").post("/reports", FORM)
    assert (answer.status_code, "ask again" in answer.text) == (409, True)


def test_an_engine_that_is_busy(browser, monkeypatch):
    monkeypatch.setattr("engine.asking.PATIENCE_S", 0.2)
    answer = browser("viewer").post("/reports", FORM)
    assert (answer.status_code, "does not begin" in answer.text) == (409, True)


def test_what_is_made_by_the_clock(browser):
    text = browser("viewer").get("/reports").text
    for part in ("monday", "Weaknesses of the directory", "week", "soc", "reports.yaml"):
        assert part in text, part


PLAN = {
    "action": "add", "name": "boss", "report": "summary", "every": "week", "at": "06:30", "form": "xlsx",
    "to.soc": "on",
}  # fmt: skip


@pytest.fixture
def letters(house):
    """The daemon has a sink that takes reports, and one that takes none."""
    house.sinks.append(Sink("soc", "email", Filter(), lambda: None))
    yield house
    house.sinks.pop()


@pytest.mark.usefixtures("letters")
def test_people_schedule_reports_and_take_them_back(house, browser):
    one = browser("user")
    assert one.post("/reports/schedule", PLAN).status_code == 303
    row = one.get("/reports").text.split("<td>boss</td>")[1].split("</tr>")[0]
    assert "Summary" in row
    assert "soc" in row
    assert "xlsx" in row
    with house.sources.desk() as desk:
        (planned,) = of_people(desk, house.sources.installed.reports, ["soc", "other"])
        assert of_people(desk, [planned], ["soc"]) == []  # the file has one of that name
    assert planned == Planned("boss", "summary", "week", 390 * 60_000_000, "xlsx", ("soc",), None)
    assert one.post("/reports/schedule", {"action": "remove", "name": "boss"}).status_code == 303
    assert "<td>boss</td>" not in one.get("/reports").text
    with house.sources.desk() as desk:
        lines = [e for e in desk.audit() if e.object == "boss"]
        assert of_people(desk, (), ["soc"]) == []
    assert [(e.who, e.action) for e in lines] == [
        ("some-user", "schedule"), ("some-user", "unschedule"),
    ]  # fmt: skip


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "<b>"}, "small letters"),
        ({"name": "monday"}, "of that name already"),
        ({"at": "25:00"}, "time of day"),
        ({"every": "hour"}, "time of day"),
        ({"to.soc": None, "to.siem": "on"}, "one sink of e-mail"),
        ({"action": "remove", "name": "monday"}, "none of that name"),
    ],
)
def test_what_is_not_scheduled(browser, change, why):
    form = {k: v for k, v in {**PLAN, **change}.items() if v is not None}
    answer = browser("user").post("/reports/schedule", form)
    assert (answer.status_code, why in answer.text) == (409, True), answer.text
    assert "<b>" not in answer.text


@pytest.mark.usefixtures("letters")
def test_not_twice_under_one_name(browser):
    one = browser("administrator")
    assert one.post("/reports/schedule", PLAN).status_code == 303
    assert one.post("/reports/schedule", PLAN).status_code == 409


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize("change", [{"report": "../x"}, {"form": "exe"}, {"action": "x"}])
def test_what_no_form_sends(browser, change):
    assert browser("user").post("/reports/schedule", {**PLAN, **change}).status_code == 400


@pytest.mark.usefixtures("letters")
def test_a_viewer_schedules_nothing(browser):
    one = browser("viewer")
    assert one.post("/reports/schedule", PLAN).status_code == 403
    assert "Schedule one" not in one.get("/reports").text


def test_without_e_mail_it_says_what_is_missing(browser):
    assert "--sinks FILE" in browser("user").get("/reports").text
