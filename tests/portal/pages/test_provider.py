"""Signing in through a provider of OpenID Connect, which answers over HTTPS on this machine."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider import CLIENT, SECRET
from oidc_provider import Provider as Running

from portal.access import provider as module
from portal.access.accounts import Refused
from portal.access.oidc import Settings
from portal.access.provider import Provider
from portal.access.roles import Role
from portal.pages.view import COOKIE, FLOW
from portal.site import now

PASSWORD = "correct horse battery"
ELSEWHERE = {"sec-fetch-site": "cross-site"}
ROLES = {"admins": Role.ADMINISTRATOR, "soc": Role.USER, "auditors": Role.VIEWER}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = Running(tmp_path_factory.mktemp("provider") / "instance")
    yield made
    made.close()


@pytest.fixture
def there(running, site):
    """The provider as it was, the portal set to it, and one local account."""
    before = dict(vars(running))
    running.person, running.spoilt, running.document = dict(running.person), {}, {}
    site.accounts.add("root", Role.ADMINISTRATOR, PASSWORD, now())
    settings = Settings(
        "Corp", running.issuer, CLIENT, SECRET, "https://portal.test", ("profile",), "groups",
        "preferred_username", ROLES,
    )  # fmt: skip
    site.provider = Provider(settings, running.tls)
    yield running
    site.provider.close()
    vars(running).update(before)
    running.codes.clear()


@pytest.fixture
def go(there, anybody):
    """To the provider in the browser; the address that it sends the browser back to."""

    def going(to="/alerts/7"):
        answer = anybody.get(f"/sign-in/provider?to={to}")
        assert answer.status_code == 303, answer.text
        with httpx.Client(verify=there.tls) as other:
            return other.get(answer.headers["location"]).headers["location"]

    return going


@pytest.fixture
def back(anybody):
    def coming(address):
        found = urlsplit(address)
        return anybody.get(f"{found.path}?{found.query}", **ELSEWHERE)

    return coming


def _audit(site):
    with site.sources.desk() as desk:
        return [(e.action, e.kind, e.who, e.note) for e in reversed(list(desk.audit()))]


def _refused(site, answer, why, *, idle=False):
    """`idle`: strangers could fill the audit log with it."""
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?fault={why}")
    assert COOKIE not in answer.headers.get("set-cookie", "").replace(FLOW, "")
    assert [a.name for a in site.accounts.all()] == ["root"]
    assert idle or _audit(site)[0][0] == "refused"


def test_somebody_signs_in_and_out(site, anybody, go, back):
    address = go()
    assert address.startswith("https://portal.test/sign-in/back?code=")
    answer = back(address)
    assert answer.status_code == 200
    assert 'content="0;url=/alerts/7"' in answer.text  # asked for by us: the strict cookie comes
    cookies = {c.partition("=")[0]: c.lower() for c in answer.headers.get_list("set-cookie")}
    assert "samesite=strict" in cookies[COOKIE]
    assert "httponly" in cookies[COOKIE]
    assert "max-age=0" in cookies[FLOW]
    page = anybody.get("/account").text
    assert "You sign in through" in page
    assert 'name="old"' not in page
    ann = site.accounts.find("ann")
    assert (ann.role, ann.issuer) == (Role.USER, site.provider.settings.issuer)
    assert _audit(site)[:2] == [
        ("sign_in", "session", "ann", ""), ("add", "account", "ann", ann.issuer),
    ]  # fmt: skip
    anybody.token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    assert anybody.post("/sign-out").headers["location"] == "/sign-in"
    assert anybody.get("/account").status_code == 303


def test_what_goes_to_the_provider(anybody, there):
    answer = anybody.get("/sign-in/provider?to=//evil.test")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(FLOW.lower())
    for flag in ("httponly", "secure", "samesite=lax", "path=/", "max-age=600"):
        assert flag in cookie
    asked = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert asked["scope"] == "openid profile"
    assert min(len(asked[k]) for k in ("state", "nonce", "code_challenge")) >= 43
    assert SECRET not in answer.headers["location"]
    assert "evil" not in answer.headers["location"]


def test_the_page_offers_it_and_keeps_the_other_way(anybody, there):
    page = anybody.get("/sign-in?to=/alerts/7").text
    assert 'href="/sign-in/provider?to=%2Falerts%2F7"' in page
    assert "Sign in with Corp" in page
    answer = anybody.post("/sign-in", {"name": "root", "password": PASSWORD})
    assert answer.status_code == 303


def test_an_account_is_found_by_issuer_and_subject_alone(site, there, go, back):
    back(go())
    there.person["preferred_username"] = "ann-new"
    back(go())
    assert [a.name for a in site.accounts.all()] == ["ann", "root"]
    there.person["sub"] = "b-2"  # another with her name, and her address of mail
    there.person["preferred_username"] = "ann"
    back(go())
    there.person.update(sub="c-3", preferred_username="ROOT")
    back(go())
    assert [a.name for a in site.accounts.all()] == ["ann", "ann-2", "root", "root-2"]
    assert site.accounts.find("root").issuer == ""


@pytest.mark.parametrize("name", ["", None, "\u202e<b>\x1b[2J", "…", "a" * 500, 7, ["x"]])
def test_a_hostile_name_becomes_a_plain_one(site, there, go, back, name):
    there.person["preferred_username"] = name
    assert back(go()).status_code == 200
    made = next(a.name for a in site.accounts.all() if a.name != "root")
    assert re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,63}", made)


def test_the_role_is_the_greatest_of_the_groups_and_follows_them(site, there, go, back):
    there.person["groups"] = ["auditors", "admins", "other"]
    back(go())
    assert site.accounts.find("ann").role is Role.ADMINISTRATOR
    there.person["groups"] = "auditors"
    back(go())
    assert site.accounts.find("ann").role is Role.VIEWER
    assert ("role", "account", "ann", there.issuer) in _audit(site)


@pytest.mark.parametrize("groups", [["other"], [], None, "Soc", {"soc": 1}, [["soc"]], 7])
def test_who_is_in_no_group_is_refused(site, there, go, back, groups):
    there.person["groups"] = groups
    _refused(site, back(go()), "roles")


def test_groups_that_were_taken_away_end_the_sessions(site, there, anybody, go, back):
    back(go())
    kept = anybody.client.cookies[COOKIE]
    there.person["groups"] = []
    assert back(go()).headers["location"] == "/sign-in?fault=roles"
    assert site.sessions.person(kept, now()) is None


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"nonce": "of another sign-in"}, "another sign-in"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another"}, "aud"),
        ({"aud": [CLIENT, "another"]}, "another client"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "another client"),
        ({"aud": CLIENT, "azp": "another"}, "another client"),
        ({"iss": "https://evil.test"}, "iss"),
        ({"exp": int(time.time()) - 61}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"iat": int(time.time()) + 3_600}, "future"),
        ({"nbf": int(time.time()) + 3_600}, "valid"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "nobody"),
        ({"sub": 7}, "sub"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in(site, there, go, back, spoilt, why):
    there.spoilt = spoilt
    _refused(site, back(go()), "token")
    assert why in _audit(site)[0][3]


def test_a_token_without_signature(site, there, go, back):
    there._signed = there.unsigned
    try:
        _refused(site, back(go()), "token")
    finally:
        del there._signed


def test_a_token_signed_with_the_public_key_as_secret(site, there, go, back):
    there.sign_with_a_shared_secret()
    _refused(site, back(go()), "token")


def test_a_token_of_another_key(site, there, go, back):
    genuine = there.signing
    there.new_key()
    there.signing = genuine
    _refused(site, back(go()), "token")


def test_a_provider_may_change_its_key(site, there, go, back, monkeypatch):
    back(go())
    there.new_key()
    monkeypatch.setattr(module, "_AGAIN_S", 0.0)
    assert back(go()).status_code == 200


def test_a_forged_or_foreign_answer(site, there, anybody, go, back):
    address, asked = go(), there.asked.count("token")
    _refused(site, back(re.sub("state=[^&]+", "state=forged", address)), "state")
    told = len(_audit(site))
    _refused(site, back(address), "state", idle=True)  # one try: the cookie is spent
    address = go()
    anybody.client.cookies.clear()  # another browser: somebody's own answer is pushed onto it
    _refused(site, back(address), "state", idle=True)
    assert len(_audit(site)) == told
    _refused(site, back(re.sub("iss=[^&]+", "iss=https://evil.test", go())), "state")
    assert there.asked.count("token") == asked


def test_an_answer_is_good_once(site, there, anybody, go, back):
    address = go()
    kept = anybody.client.cookies[FLOW]
    assert back(address).status_code == 200
    anybody.client.cookies.set(FLOW, kept, domain="portal.test")
    assert back(address).headers["location"] == "/sign-in?fault=state"
    code = re.search("code=[^&]+", address)[0]
    again = re.sub("code=[^&]+", code, go())
    assert back(again).headers["location"] == "/sign-in?fault=provider"  # spent there, too


def test_an_answer_too_late(site, go, back, monkeypatch):
    monkeypatch.setattr(module, "_FLOW_S", -1.0)
    _refused(site, back(go()), "state", idle=True)


def test_the_provider_refuses(site, anybody, go, back):
    state = re.search("state=([^&]+)", go())[1]
    _refused(site, back(f"/sign-in/back?error=access_denied&state={state}"), "provider")
    assert "access_denied" in _audit(site)[0][3]


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.test"},
        {"authorization_endpoint": "http://localhost/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"much": "x" * (2 << 20)},
    ],
)
def test_a_discovery_that_is_not_followed(site, there, anybody, document):
    there.document = document
    _refused(site, anybody.get("/sign-in/provider"), "provider")


def test_a_provider_that_is_down_is_not_asked_by_everybody(site, there, anybody):
    there.fails = 500
    before = len(there.asked)
    for _ in range(5):
        _refused(site, anybody.get("/sign-in/provider"), "provider")
    assert len(there.asked) == before + 1
    assert [e[0] for e in _audit(site)] == ["refused"]  # told once


def test_flows_are_bounded(site, there, anybody, monkeypatch):
    monkeypatch.setattr(module, "_MOST_FLOWS", 3)
    for _ in range(5):
        anybody.get("/sign-in/provider")
    assert len(site.provider._flows) == 3


def test_what_is_said_of_a_fault(anybody, there):
    assert "in no group" in anybody.get("/sign-in?fault=roles").text
    assert 'role="alert"' not in anybody.get("/sign-in?fault=<b>").text


def test_without_a_provider_there_is_no_such_way(site, anybody):
    site.accounts.add("root", Role.ADMINISTRATOR, PASSWORD, now())
    assert anybody.get("/sign-in/provider").status_code == 404
    assert anybody.get("/sign-in/back?code=x", **ELSEWHERE).status_code == 404
    assert "/sign-in/provider" not in anybody.get("/sign-in").text


def test_the_first_administrator_has_a_password(site, there, anybody):
    with site.accounts._people.transaction() as db:
        db.execute("DELETE FROM account")
    assert anybody.get("/sign-in/provider").headers["location"] == "/setup"


def test_nobody_gives_such_an_account_a_password_or_role(site, there, browser, go, back):
    back(go())
    admin = browser("administrator")
    for action, more in (("reset", {}), ("role", {"role": "administrator"})):
        answer = admin.post("/people", {"action": action, "name": "ann", **more})
        assert answer.status_code == 409
        assert "signs in through" in answer.text
    assert site.accounts.find("ann").role is Role.USER
    assert site.accounts.sign_in("ann", "", "", now()) == Refused("password")
    there.person.update(sub="z", preferred_username="zoe", groups=["admins"])
    back(go())
    admin.post("/people", {"action": "remove", "name": "root"})
    removed = admin.post("/people", {"action": "remove", "name": "some-administrator"})
    assert removed.status_code == 409  # an administrator of the provider is no way in without it
    assert site.accounts.find("some-administrator") is not None
