"""Reports as people ask for them."""

import io
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pytest

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
