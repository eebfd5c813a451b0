"""The API: every route asks for a token and a role, and answers as its description says."""

import csv
import io
import re

import jsonschema
import msgspec
import openpyxl
import pytest
from starlette.routing import Mount

from engine.health import Issue
from engine.health.life import Standing
from engine.store import health as stored
from portal.access.roles import Permission
from portal.api import gate
from portal.api.endpoint import BASE, File, every
from portal.api.openapi import document

S = 1_000_000
T = 1_767_614_400_000_000
PUBLIC = {f"{BASE}/openapi.json"}
NAMED = {
    "number": "1", "key": "ws9.corp.test", "id": "zone_transfers", "name": "secondaries",
    "check": "disk_space",
}  # fmt: skip
SENT = {
    "/alerts/{number:int}/decisions": {"action": "close", "verdict": "benign"},
    "/alerts/{number:int}/exclusions": {},
    "/detections/{id}/tryouts": {"days": 1},
    "/detections/{id}/settings": {"reason": "a test", "enabled": False},
    "/alerts/decisions": {"action": "suppress", "numbers": [1]},
    "/health/{check}/decisions": {"action": "suppress", "subject": "x"},
    "/query/relation": {"text": "a = match dns_query"},
    "/query": {"sql": "SELECT ts, query FROM dns_query"},
}
ENDPOINTS = [pytest.param(e, id=f"{e.method} {e.path}") for r in every() for e in r.endpoints]


def filled(path):
    return BASE + re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: NAMED[m[1]], path)


def ask(client, endpoint):
    path = filled(endpoint.path)
    if endpoint.path.startswith("/sensors/{name}"):
        path = path.replace("secondaries", "dc1")
    if endpoint.path == "/errands/{id}":
        begun = client.post(f"{BASE}/alerts/1/exclusions", json={})
        path = path.replace("zone_transfers", begun.json().get("errand", "none"))
    query = {"prefix": "ws"} if endpoint.path == "/entities" else {}
    query |= {"format": "csv"} if endpoint.answer is File else {}
    return client.request(endpoint.method, path, params=query, json=SENT.get(endpoint.path))


@pytest.fixture
def busy(house):
    house.fill_directory()
    house.ask(0)
    house.ask(1, qtype="ixfr")
    house.log_on(5)
    house.registry.add("dc1", "dc1", "c", "", "1.0")
    issue = Issue("disk_space", "x", "high", "Full", "t", "r")
    with house.sources.deciding() as desk, desk.transaction():
        stored.put(desk, [Standing(issue, "open", T, T)])
    return house


def walk(routes, base=""):
    for route in routes:
        if isinstance(route, Mount):
            yield from walk(route.routes, base + route.path)
        else:
            yield base + route.path, route


def test_no_route_is_without_a_permission(app, client):
    """One that is not behind the gate is one of these few."""
    found = list(walk(app.routes))
    assert len(found) > len(ENDPOINTS)
    for path, route in found:
        if path in PUBLIC:
            continue
        assert isinstance(route.endpoint.permission, Permission), path
        for method in route.methods - {"HEAD"}:
            answer = client(None).request(method, re.sub(r"\{\w+:int\}", "1", path))
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_answers_as_it_says(busy, client, endpoint):
    operation = document()["paths"][BASE + re.sub(r":\w+\}", "}", endpoint.path)][
        endpoint.method.lower()
    ]
    lesser = {Permission.DECIDE: "viewer", Permission.ADMINISTER: "user"}.get(endpoint.permission)
    if lesser is not None:
        assert ask(client(lesser), endpoint).status_code == 403
    least = {Permission.READ: "viewer", Permission.DECIDE: "user"}.get(endpoint.permission)
    answer = ask(client(least or "administrator"), endpoint)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    if endpoint.answer is File:
        return
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document()["components"]}).validate(
        answer.json()
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_answers_where_there_is_nothing(house, client, endpoint):
    answer = ask(client(), endpoint)
    assert answer.status_code in (200, 404, *(s for s, _ in endpoint.others)), answer.text
    if answer.status_code != 200:
        problem(answer)


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "errors"}
    assert told["status"] == answer.status_code
    return told


def test_the_description_is_one():
    """References point at what is there, operations have names of their own."""
    told = document()
    assert told["openapi"] == "3.1.0"
    text = msgspec.json.encode(told).decode()
    for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert reference in told["components"]["schemas"]
    for schema in told["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = [o for path in told["paths"].values() for o in path.values()]
    assert len({o["operationId"] for o in operations}) == len(operations)
    for path, methods in told["paths"].items():
        for operation in methods.values():
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_it_is_served_to_everybody(client):
    answer = client(None).get(f"{BASE}/openapi.json")
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(document()))


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/alerts?limit=0", 400, "limit"),
        ("/alerts?limit=5&limit=6", 400, "more than once"),
        ("/alerts?staus=open", 400, "staus"),
        ("/alerts?status=opn", 400, "opn"),
        ("/alerts?after=x", 400, "mark"),
        ("/alerts?since=yesterday", 400, "`since` is no time"),
        ("/alerts/99", 404, "no alert 99"),
        ("/alerts/x", 404, "Not Found"),
        ("/entities", 400, "prefix"),
        ("/entities/a/activities?type=dns", 400, "`dns`"),
        ("/nothing", 404, "Not Found"),
        ("/detections/none", 404, "`none`"),
    ],
)
def test_what_is_asked_wrongly(client, path, status, detail):
    answer = client().get(BASE + path)
    assert (answer.status_code, problem(answer)["status"]) == (status, status)
    assert detail in answer.json()["detail"]


def test_another_method(client):
    assert problem(client().put(f"{BASE}/alerts"))["status"] == 405


def test_filters(house, client):
    house.ask(0)
    house.ask(1, source="ws8.corp.test", qtype="ixfr")
    get = client("viewer").get

    def numbers(query):
        return [a["number"] for a in get(f"{BASE}/alerts?{query}").json()["alerts"]]

    assert numbers("status=open&status=closed") == [2, 1]
    assert numbers("tactic=discovery") == [2]
    assert numbers("entity=ws9.corp.test") == [1]
    assert numbers("since=2026-01-05T13:00:01%2B01:00") == [2]
    first = get(f"{BASE}/alerts?limit=1").json()
    assert get(f"{BASE}/alerts?limit=1&after={first['next']}").json()["alerts"][0]["number"] == 1


def test_decisions_are_carried_out_and_logged(house, client):
    house.ask(0)
    house.ask(1, source="ws8.corp.test")
    post = client("user").post
    one = post(f"{BASE}/alerts/1/decisions", json={"action": "close", "verdict": "benign"})
    assert one.json() == {"number": 1, "status": "closed", "verdict": "benign", "assignee": None}
    house.service.step()
    assert [a.status for a in house.engine.alerts()] == ["closed", "open"]
    again = post(f"{BASE}/alerts/1/decisions", json={"action": "suppress"})
    assert (again.status_code, problem(again)["detail"]) == (409, "it is closed")
    many = post(f"{BASE}/alerts/decisions", json={"action": "suppress", "numbers": [1, 2, 3]})
    assert [d["number"] for d in many.json()["done"]] == [2]
    assert [r["number"] for r in many.json()["refused"]] == [1, 3]
    lines = client().get(f"{BASE}/audit").json()["lines"]
    assert [(x["who"], x["action"]) for x in lines] == [
        ("token user0", "suppress"), ("token user0", "close"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"{", b"[]", b'{"action": "burn"}', b'{"action": "close"}', b"\xff",
        b'{"action": "suppress", "verdict": "benign"}', b'{"action": "comment"}',
        b'{"action": "suppress", "more": 1}', b'{"action": "suppress", "assignee": "x"}',
    ],
)  # fmt: skip
def test_bodies_that_are_refused(house, client, sent):
    house.ask(0)
    answer = client().post(f"{BASE}/alerts/1/decisions", content=sent)
    assert problem(answer)["status"] == 400


def test_a_body_that_is_too_large(client):
    answer = client().post(f"{BASE}/alerts/1/decisions", content=b" " * (gate.MOST_BODY + 1))
    assert problem(answer)["status"] == 413


def test_exports(house, client):
    house.ask(0)
    house.ask(1, source="ws8.corp.test")
    get = client("viewer").get
    rows = list(csv.reader(io.StringIO(get(f"{BASE}/alerts/export?format=csv").text)))
    assert len(rows) == 3
    answer = get(f"{BASE}/alerts/export?format=xlsx&number=2")
    assert 'filename="alerts.xlsx"' in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames[:2] == ["Summary", "Related entities"]
    assert len(list(book["Summary"].rows)) == 2


def test_sensors_are_revoked_and_a_key_is_made(busy, client):
    administrator = client()
    told = administrator.post(f"{BASE}/sensors/dc1/revoke").json()
    assert told["state"] == "revoked"
    key = administrator.post(f"{BASE}/sensors/access-key").json()["access_key"]
    assert busy.registry.is_access_key(key)
    lines = administrator.get(f"{BASE}/audit").json()["lines"]
    assert [(x["action"], x["object"]) for x in lines] == [
        ("new access key", ""),
        ("revoke", "dc1"),
    ]
    assert key not in str(lines)


def test_a_defect_is_told_without_its_words(house, client, monkeypatch, capsys):
    monkeypatch.setattr("portal.reading.health.stands", lambda _: 1 / 0)
    answer = client().get(f"{BASE}/health")
    assert problem(answer)["status"] == 500
    assert "division" not in answer.text
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_desk_that_does_not_answer(house, client, monkeypatch):
    reading = client()
    house.sources.desk_file.rename(house.sources.desk_file.with_suffix(".gone"))
    try:
        assert problem(reading.get(f"{BASE}/alerts"))["status"] == 503
    finally:
        house.sources.desk_file.with_suffix(".gone").rename(house.sources.desk_file)


def test_when_the_engine_stops(house, client):
    reading = client()
    house.reads.close()
    assert problem(reading.get(f"{BASE}/entities?prefix=a"))["status"] == 503
