"""Pages in German: all that is ours, dates, and who gets them."""

import re
from html.parser import HTMLParser

import pytest

from dsl.schema.registry import event_types
from portal import languages
from portal.languages.po import Catalogue
from portal.pages import rendering

PAGES = ("/", "/?status=any", "/alerts/1", "/entities?q=a", "/entity?name=ann@corp.test", "/entity?name=ws9.corp.test&tab=alerts",
         "/entity?name=ann@corp.test&tab=paths", "/entity/card?name=ann@corp.test", "/entity/usual?name=ann@corp.test", "/detections", "/detections/attack",
         "/detections/zone_transfers", "/hunt", "/health", "/sensors", "/incidents", "/audit", "/people", "/account", "/suggest?q=ann",
         "/alerts/99", "/sign-in?fault=state")  # fmt: skip
DATA = {"bdi", "code", "pre", "time", "kbd", "script", "style", "textarea"}
SHOWN = {"aria-label", "title", "placeholder", "alt"}
VOID = {"meta", "link", "input", "br", "img", "path", "circle", "rect", "line", "polyline"}
PASSWORD = "correct horse battery"
THEIRS = ("ATP", "SQL", "UTC", "JSON", "some-administrator", "English", "Discovery", "too many", "ann@corp.test",
          "ws9.corp.test", "alice@corp.test", "type", "for corp.test")  # fmt: skip
OPEN, CLOSE = "\u27e6", "\u27e7"


class Marked(Catalogue):
    """Each text that German has stands in brackets."""

    def gettext(self, message):
        return f"{OPEN}{message}{CLOSE}" if message in self.texts else message

    def ngettext(self, one, many, number):
        return self.gettext(one).replace(one, one if number == 1 else many)


class Words(HTMLParser):
    """What of a page is read: texts and attributes, without names, code and times."""

    def __init__(self, text):
        super().__init__()
        self.within, self.found = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in VOID:
            self.within.append("code" if "technique" in named.get("class", "") else tag)
        if not DATA.intersection(self.within):
            self.found += [v for k, v in attrs if k in SHOWN or k in ("data-yes", "data-no")]

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.within.pop()

    def handle_data(self, data):
        if not DATA.intersection(self.within):
            self.found.append(data)


@pytest.fixture
def marked(monkeypatch):
    made = Marked(languages.catalogue("de").texts)
    for module in (languages, rendering):
        monkeypatch.setattr(module, "catalogue", lambda language: made)
    for cached in (rendering._environment, languages.languages):
        cached.cache_clear()
    yield
    for cached in (rendering._environment, languages.languages):
        cached.cache_clear()


def _of_rules(site):
    """What rules say stays in their language."""
    yield from (
        part
        for name in site.sources.status().in_force.disabled
        for part in (name, name.replace("_", " "))
    )
    for name, rule in site.sources.status().rules.items():
        e = rule.envelope
        yield from (name, e.title, e.description, *e.respond, *e.false_positives, *e.known_gaps)
        yield from (p.help for p in e.params.values())
        yield from (e.params, e.references) if isinstance(e.references, str) else e.references


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_ours_is_left_in_english(house, site, browser, marked, path):
    house.fill_directory()
    house.ask(0)
    house.log_on(1)
    one = browser("administrator")
    text = one.get(path, **{"accept-language": "de"}).text
    fields = {f for s in event_types().values() for f in s.columns}
    words = {f.replace("_", " ") for f in fields}
    theirs = {*_of_rules(site), *fields, *words, *event_types(), *THEIRS}
    left = []
    for found in Words(text).found:
        plain = re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}", " ", found)
        for known in sorted((t for t in theirs if isinstance(t, str) and t), key=len, reverse=True):
            plain = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", " ", plain)
        left += re.findall(r"[A-Za-z]{2,}(?: [A-Za-z]+)*", plain)
    assert left == []


def test_pages_are_german_for_whom_they_are(house, browser, anybody):
    house.ask(0)
    one = browser("viewer")
    german = one.get("/", **{"accept-language": "de-AT,de;q=0.9"}).text
    assert '<html lang="de">' in german
    assert "Mutmaßliche Angriffe" in german
    assert "1 Alarm" in german
    assert re.search(r">\d\d\.\d\d\.\d{4}<", german)
    assert "Zone transfer" in german  # a rule's
    assert '<html lang="en">' in one.get("/").text
    missing = one.get("/alerts/99", **{"accept-language": "de"}).text
    assert "diesen Alarm gibt es nicht" in missing
    assert "Nicht gefunden" in missing
    again = anybody.get("/alerts/1", **{"accept-language": "de", "sec-fetch-site": "cross-site"})
    assert '<html lang="de">' in again.text


def test_an_account_chooses(site, browser):
    one = browser("viewer")
    assert one.post("/account/language", {"language": "de"}).status_code == 303
    page = one.get("/account", **{"accept-language": "en"}).text
    assert '<option value="de" lang="de" selected>Deutsch' in page
    assert "Ihr Konto" in page
    wrong = one.post("/account/password", {"old": PASSWORD, "new": "short"})
    assert "ein Passwort hat mindestens 12 Zeichen" in wrong.text
    assert one.post("/account/language", {"language": "xx"}).status_code == 400
    assert one.post("/account/language", {"language": ""}).status_code == 303
    assert "Your account" in one.get("/account").text
    with site.sources.desk() as desk:
        changes = [(e.before, e.after) for e in desk.audit() if e.action == "language"]
    assert changes == [
        ('{"language":""}', '{"language":"de"}'),
        ('{"language":"de"}', '{"language":""}'),
    ]
