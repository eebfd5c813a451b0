"""Entities: found by their beginning, and what is told of one."""

import html
import json
import re

import pytest

from dsl.schema.kerberos import KerberosAs
from dsl.schema.smb import SmbFile
from engine.entities_rows import DirObject
from engine.store import facts
from engine.store.reads import ReadError

T = 1_767_614_400_000_000


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


def test_what_is_usual(one):
    assert '"/entity/usual?name=ann%40corp.test"' in one.get("/entity?name=ann@corp.test").text
    text = one.get("/entity/usual?name=ann@corp.test").text
    assert 'aria-label="1 of 168 hours of the week; most on Mon 12:00 UTC"' in text
    assert one.get("/entity/usual?name=nobody@corp.test").text.strip() == ""
    assert "Usual" not in one.get("/entity?name=admins@corp.test").text


def test_what_is_usual_takes_too_long(one, monkeypatch):
    def fail(*_):
        raise ReadError("the query took too long")

    monkeypatch.setattr("portal.reading.usual.of_entity", fail)
    assert "the query took too long" in one.get("/entity/usual?name=ann@corp.test").text


def test_paths_are_drawn(house, browser):
    """Boss signed in on a machine that eve administers."""
    facts.insert(house.engine.store.connection, "dir_object", [
        DirObject(key="ws1.corp.test", kind="host", computer=True),
        DirObject(key="boss@corp.test", kind="account", sensitive=True),
    ])  # fmt: skip
    common = {"sensor": "dc1/eth0", "via": "wire", "outcome": "success"}
    house.take([
        KerberosAs(ts=T, seq=1, account="boss@corp.test", source="ws1.corp.test", **common),
        SmbFile(ts=T, seq=2, account="eve@corp.test", server="ws1.corp.test",
                share="\\\\ws1\\ADMIN$", source="ws9.corp.test", **common),
    ])  # fmt: skip
    text = browser("viewer").get("/entity?name=boss@corp.test&tab=paths").text
    assert "1 account can come here" in text
    elements = json.loads(html.unescape(re.search(r'data-graph="([^"]*)"', text)[1]))
    drawn = {(e["data"]["source"], e["data"]["target"]) for e in elements if "source" in e["data"]}
    assert drawn == {("eve@corp.test", "ws1.corp.test"), ("ws1.corp.test", "boss@corp.test")}
    table = text.partition("data-graph")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    linked = re.findall(r'href="/entity\?name=([^"]+)"', table)
    assert linked == ["eve%40corp.test", "ws1.corp.test", "boss%40corp.test"]
