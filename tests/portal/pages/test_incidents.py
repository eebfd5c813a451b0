"""Incidents as people see them."""

import html
import json
import re


def test_from_the_list_to_the_graph(house, browser):
    one = browser("viewer")
    assert "No incident" in one.get("/incidents").text
    house.ask(0, source="<b>.corp.test")
    house.ask(10, source="<b>.corp.test", qtype="ixfr")
    house.ask(20, source="ws8.corp.test")
    text = one.get("/incidents").text
    assert re.findall(r'href="(/incidents/\d+)"', text) == ["/incidents/1"]
    text = one.get("/incidents/2").text
    assert "<b>" not in text
    elements = json.loads(html.unescape(re.search(r'data-graph="([^"]*)"', text)[1]))
    kinds = sorted(e["data"]["kind"] for e in elements if "kind" in e["data"])
    assert kinds == ["alert", "alert", "computer"]
    assert [e["data"]["label"] for e in elements if "source" in e["data"]] == ["source", "source"]
    assert "10 s" in text.partition("Why together")[2]
    assert 'href="/incidents/2"' in one.get("/alerts/2").text


def test_an_alert_alone(house, browser):
    house.ask(0)
    one = browser("viewer")
    for number in ("1", "99", "x"):
        answer = one.get(f"/incidents/{number}")
        assert (answer.status_code, "stands alone" in answer.text) == (404, True)
