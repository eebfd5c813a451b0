"""Who may open which page and do what: one table over every route; and what each answer says."""

import pytest

from portal.access.roles import Permission, Role, allows
from portal.application import POLICY, application
from portal.pages import views

ANYBODY = {("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/setup"), ("POST", "/setup"),
           ("GET", "/sign-in/provider"), ("GET", "/sign-in/back")}  # fmt: skip
ADMINISTER = {
    ("GET", "/detections/{name}/settings"), ("POST", "/detections/{name}/settings"),
    ("GET", "/health"), ("POST", "/health"), ("GET", "/sensors"), ("POST", "/sensors/key"),
    ("POST", "/sensors/revoke"), ("GET", "/audit"), ("GET", "/people"), ("POST", "/people"),
    ("GET", "/settings"), ("POST", "/settings/sinks"), ("POST", "/settings/tokens"),
}  # fmt: skip
DECIDE = {
    ("POST", "/alerts/{number}"),
    ("POST", "/lists/{name}"),
    ("GET", "/alerts/{number}/exclude"),
    ("POST", "/alerts/{number}/exclude"),
    ("POST", "/reports/schedule"),
}
GET = [v for v in views() if v.methods == ("GET",) and v.needs is not None]
POST = [v for v in views() if v.methods == ("POST",) and v.needs is not None]
FILLED = {"{number}": "1", "{form}": "json", "{name}": "zone_transfers"}


def _path(view):
    path = view.path
    for blank, value in FILLED.items():
        path = path.replace(blank, value)
    return path + ("?name=ws9.corp.test" if path.startswith("/entity") else "")


def test_what_every_view_needs():
    needs = {(method, v.path): v.needs for v in views() for method in v.methods}
    expected = dict.fromkeys(needs, Permission.READ)
    expected |= dict.fromkeys(ADMINISTER, Permission.ADMINISTER)
    expected |= dict.fromkeys(DECIDE, Permission.DECIDE) | dict.fromkeys(ANYBODY)
    assert needs == expected


def test_there_is_no_other_road_to_a_route(site):
    paths = [route.path for route in application(site).routes]
    assert sorted(paths) == sorted([*(v.path for v in views()), "/live", "/static"])


@pytest.mark.parametrize("role", [r.value for r in Role])
def test_pages_open_for_whom_they_are(house, browser, seen, role):
    house.fill_directory()
    house.ask(0)
    house.ask(1, qtype="ixfr")
    one = browser(role)
    found = {_path(v): one.get(_path(v)) for v in GET}
    allowed = {_path(v): allows(Role(role), v.needs) for v in GET}
    assert {p: a.status_code == 200 for p, a in found.items()} == allowed
    for path, answer in found.items():
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        if "html" in answer.headers["content-type"]:
            page = seen(answer.text)
            assert page.acts == [], path
            assert len(page.ids) == len(set(page.ids)), path
            assert [at for at in page.links if not at.startswith(("/", "#"))] == [], path


@pytest.mark.parametrize("view", GET, ids=lambda v: v.path)
def test_nobody_is_sent_to_sign_in(anybody, view):
    answer = anybody.get(_path(view))
    assert (answer.status_code, answer.headers["location"][:13]) == (303, "/sign-in?to=%")
    partial = anybody.get(_path(view), **{"hx-request": "true"})
    assert (partial.status_code, partial.text) == (204, "")


@pytest.mark.parametrize("view", POST, ids=lambda v: v.path)
def test_what_changes_something_needs_the_role_the_token_and_our_page(house, browser, site, view):
    house.ask(0)
    for role in Role:
        if not allows(role, view.needs):
            assert browser(role.value).post(_path(view), {"action": "delete"}).status_code == 403
    one = browser("administrator")
    before = _state(site)
    token, one.token = one.token, "forged"
    assert one.post(_path(view), {"action": "delete"}).status_code == 403
    one.token = token
    for elsewhere in ("cross-site", "same-site", "none"):
        answer = one.post(_path(view), {"action": "delete"}, **{"sec-fetch-site": elsewhere})
        assert answer.status_code == 403
    assert _state(site) == before
    assert one.get("/").status_code == 200


def _state(site):
    with site.sources.desk() as desk:
        decided = [e for e in desk.audit() if e.kind != "session"]
        return len(decided), desk.count(), [a.name for a in site.accounts.all()]


def test_a_link_in_a_mail_opens(anybody):
    """The strict cookie is kept back then: the page is asked for again by ours."""
    answer = anybody.get("/alerts/1?x=%22", **{"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0;url=/alerts/1?x=%22"' in answer.text


def test_what_is_not_there(browser):
    one = browser("viewer")
    for path in ("/nothing", "/alerts/99", "/alerts/x", "/alerts/²", "/entity?name=", "/detections/x",
                 "/alerts/1/export/exe", "/static/../site.py", "/static/none.js"):  # fmt: skip
        assert one.get(path).status_code == 404, path
    for path in ("/?after=x", "/audit?after=x"):
        assert one.get(path).status_code in (400, 403), path


def test_a_form_is_bounded(browser):
    one = browser("viewer")
    assert one.post("/account/password", {"old": "x" * 70_000}).status_code == 413
    assert one.post("/account/password", {f"f{i}": "" for i in range(300)}).status_code == 413
