"""What people do with their own account."""

import re

import pyotp

from portal.access.roles import Role
from portal.site import now

PASSWORD = "correct horse battery"
OTHER = "another battery horse"


def test_another_password_ends_all_sessions(browser):
    one, two = browser("viewer"), browser("viewer")
    for form in ({"old": "wrong", "new": OTHER}, {"old": PASSWORD, "new": "short"}):
        assert one.post("/account/password", form).status_code == 400
    answer = one.post("/account/password", {"old": PASSWORD, "new": OTHER})
    assert answer.headers["location"] == "/sign-in"
    assert {b.get("/").status_code for b in (one, two)} == {303}


def test_out_everywhere(browser):
    one, two = browser("viewer"), browser("viewer")
    one.post("/account/sign-out-everywhere")
    assert {b.get("/").status_code for b in (one, two)} == {303}


def test_a_second_factor(site, browser):
    one = browser("viewer")
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', one.get("/account").text)[1]
    for wrong in ({"secret": secret, "code": ""}, {"secret": "A", "code": "123456"}):
        assert one.post("/account/second-factor", wrong).status_code == 400
    assert not site.accounts.find("some-viewer").second_factor
    form = {"secret": secret, "code": pyotp.TOTP(secret).now()}
    assert one.post("/account/second-factor", form).status_code == 200
    assert site.accounts.find("some-viewer").second_factor
    assert secret not in one.get("/account").text
    off = "/account/second-factor/off"
    assert one.post(off, {"password": "wrong"}).status_code == 400
    assert one.post(off, {"password": PASSWORD}).status_code == 200
    assert not site.accounts.find("some-viewer").second_factor


def test_a_given_password_is_changed_first(site, browser):
    one = browser("viewer")
    site.accounts.add("bob", Role.VIEWER, PASSWORD, now(), must_change=True)
    one.client.cookies.clear()
    one.post("/sign-in", {"name": "bob", "password": PASSWORD})
    assert one.get("/").headers["location"] == "/account"
    one.token = re.search(r'name="csrf" value="([^"]+)"', one.get("/account").text)[1]
    assert one.post("/alerts/1", {"action": "comment"}).status_code == 303
    one.post("/account/password", {"old": PASSWORD, "new": OTHER})
    one.post("/sign-in", {"name": "bob", "password": OTHER})
    assert one.get("/").status_code == 200
