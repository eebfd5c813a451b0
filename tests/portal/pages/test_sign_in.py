"""Signing in and out, and the first administrator."""

import re

import pytest

from portal.access.roles import Role
from portal.pages.view import COOKIE
from portal.site import now

PASSWORD = "correct horse battery"


@pytest.fixture
def alice(site):
    return site.accounts.add("alice", Role.USER, PASSWORD, now())


def _sessions(site):
    with site.sources.desk() as desk:
        return [(e.action, e.note) for e in desk.audit() if e.kind == "session"]


def test_in_and_out(site, anybody, alice):
    answer = anybody.post("/sign-in", {"name": "alice", "password": PASSWORD, "to": "/alerts/7"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts/7")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE.lower() + "=")
    for flag in ("httponly", "secure", "samesite=strict", "path=/"):
        assert flag in cookie
    anybody.token = re.search(r'name="csrf" value="([^"]+)"', anybody.get("/").text)[1]
    kept = anybody.client.cookies[COOKIE]
    assert anybody.post("/sign-out").headers["location"] == "/sign-in"
    anybody.client.cookies.set(COOKIE, kept, domain="portal.test")
    assert anybody.get("/").status_code == 303  # the server has ended it, whatever a thief kept
    assert _sessions(site) == [("sign_in", ""), ("sign_out", "")]


@pytest.mark.parametrize("to", ["//evil.test", "https://evil.test", "/\\evil.test", "/a\r\nb", ""])
def test_it_leads_nowhere_else(anybody, alice, to):
    answer = anybody.post("/sign-in", {"name": "alice", "password": PASSWORD, "to": to})
    assert answer.headers["location"] == "/"


def test_a_wrong_password_is_told_and_audited(site, anybody, alice):
    answer = anybody.post("/sign-in", {"name": "alice", "password": "wrong"})
    assert answer.status_code == 403
    assert "do not belong together" in answer.text
    assert "set-cookie" not in answer.headers
    assert _sessions(site) == [("refused", "password")]


@pytest.mark.parametrize("elsewhere", ["cross-site", "none"])
def test_it_is_not_asked_by_another_site(anybody, alice, elsewhere):
    form = {"name": "alice", "password": PASSWORD}
    assert anybody.post("/sign-in", form, **{"sec-fetch-site": elsewhere}).status_code == 403


def test_the_first_administrator(site, anybody):
    assert anybody.get("/sign-in").headers["location"] == "/setup"
    code = site.accounts.setup_code()
    assert code in anybody.get(f"/setup?code={code}").text
    form = {"code": "wrong", "name": "root", "password": PASSWORD}
    assert anybody.post("/setup", form).status_code == 403
    answer = anybody.post("/setup", {**form, "code": code})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert site.accounts.find("root").role is Role.ADMINISTRATOR
    assert anybody.get("/people").status_code == 200
    assert anybody.get("/setup").headers["location"] == "/sign-in"
    assert anybody.post("/setup", {**form, "code": code}).status_code == 403
