"""The portal over a house, and browsers of people signed in to it."""

import re
import warnings
from html.parser import HTMLParser

import pytest

with warnings.catch_warnings():  # it prefers another httpx, which few have
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from portal.access import accounts as accounts_module
from portal.access.database import People
from portal.access.roles import Role
from portal.application import application
from portal.site import Site, now

PASSWORD = "correct horse battery"
OURS = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


class Browser:
    """Somebody's; `post` sends the token of the session along, as our pages do."""

    def __init__(self, client):
        self.client, self.token = client, ""

    def get(self, path, **headers):
        return self.client.get(path, headers={**OURS, **headers}, follow_redirects=False)

    def post(self, path, form=None, **headers):
        form = {"csrf": self.token, **(form or {})}
        return self.client.post(
            path, data=form, headers={**OURS, **headers}, follow_redirects=False
        )


class Seen(HTMLParser):
    """What of a page could act: scripts, handlers, styles, addresses."""

    def __init__(self, text):
        super().__init__()
        self.acts, self.links, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if (tag == "script" and not named.get("src")) or tag in (
            "style",
            "iframe",
            "object",
            "base",
        ):
            self.acts.append(tag)
        self.acts += [f"{tag} {n}" for n in named if n.startswith("on") or n == "style"]
        self.links += [named[n] for n in ("href", "src", "action") if named.get(n)]
        self.ids += [named["id"]] if "id" in named else []


@pytest.fixture
def site(house, tmp_path, monkeypatch):
    people = People(tmp_path / "people")
    fast = accounts_module.passwords
    monkeypatch.setattr(fast, "hashed", lambda password: f"kept {password}")
    monkeypatch.setattr(fast, "matches", lambda kept, password: kept == f"kept {password}")
    accounts_module._nobody.cache_clear()
    yield Site(people, house.sources)
    people.close()
    accounts_module._nobody.cache_clear()


@pytest.fixture
def anybody(site):
    with TestClient(application(site), base_url="https://portal.test") as client:
        yield Browser(client)


@pytest.fixture
def browser(site):
    """A browser in which somebody of a role is signed in."""
    opened = []

    def open_(role):
        name = f"some-{role}"
        if site.accounts.find(name) is None:
            site.accounts.add(name, Role(role), PASSWORD, now())
        client = TestClient(application(site), base_url="https://portal.test")
        client.__enter__()
        opened.append(client)
        found = Browser(client)
        answer = found.post("/sign-in", {"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        found.token = re.search(r'name="csrf" value="([^"]+)"', found.get("/account").text)[1]
        return found

    yield open_
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def seen():
    return Seen
