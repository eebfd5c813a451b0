"""The portal in a browser, over a daemon that reads the bundled examples.

Every page for every role, what may be done there, alerts that come while one looks, names that attack
who reads them. Runs where `ATP_BROWSER` is set and Debian's Chromium is there; screenshots are kept in
`ATP_SHOTS`, if that is set.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / "tests/portal/axe/axe-4.14.1.min.js"
PASSWORD = "correct horse battery"
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}'--"
ROLES = ("viewer", "user", "administrator")
OPEN = ("/", "/alerts/{number}", "/entities?q=d", "/entity?name=dave@corp.example.test",
        "/entity?name=dave@corp.example.test&tab=alerts",
        "/entity?name=dave@corp.example.test&tab=paths", "/detections", "/detections/dcsync",
        "/detections/attack", "/hunt", "/account", "/lists", "/reports", "/incidents", "/incidents/{number}",
        "/lists/tool_services")  # fmt: skip
CLOSED = ("/health", "/sensors", "/audit", "/people", "/settings")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("ATP_BROWSER"), reason="set ATP_BROWSER to open a browser"
    ),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
    # of playwright's pipes, which are closed with the process
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class Daemon:
    """`atp-run` over a folder, with its portal on a free port."""

    def __init__(self, folder, *more):
        self.watched = folder / "watched"
        self.watched.mkdir()
        self.database, self.log = folder / "atp.duckdb", folder / "log"
        self.folder, sinks = folder, folder / "sinks.yaml"
        sinks.write_text(
            "sinks:\n  - name: soc\n    type: email\n    to: [soc@corp.example.test]\n    from: atp@corp.example.test\n"
            "    server: localhost:9\n    security: none\n    send: [reports]\n"
        )
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from engine.daemon.main import main; main()", "--watch", self.watched, "--portal", "127.0.0.1:0",
                 "--directory", ROOT / "examples/directory.yaml", "--store", self.database,
                 "--alerts", folder / "alerts.jsonl", "--sinks", sinks, *more],
                cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        found = self.wait(lambda: re.search(r"portal is at (https://\S+)", self.log.read_text()))
        self.at = found[1].replace("127.0.0.1", "localhost")
        first = self.wait(
            lambda: re.search(r"first administrator at \S+?(/setup\S+)", self.log.read_text())
        )
        self.setup = first[1]

    def wait(self, what, seconds=120):
        end = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < end, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        return found

    def account(self, name, role):
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        subprocess.run(
            [sys.executable, "-m", "engine.cli", "accounts", "add", name, "--role", role,
             "--database", self.database, "--password-file", secret],
            cwd=ROOT, check=True,
        )  # fmt: skip

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    made = Daemon(tmp_path_factory.mktemp("portal"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


class Looker:
    """A page of somebody's browser; `wrong` gathers what must never be."""

    def __init__(self, chromium, daemon, **how):
        self.daemon, self.wrong = daemon, []
        self.context = chromium.new_context(
            ignore_https_errors=True, timezone_id="Europe/Berlin", **how
        )
        self.page = self.context.new_page()
        self.page.on(
            "console", lambda m: m.type in ("error", "warning") and self.wrong.append(m.text)
        )
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("dialog", lambda d: (self.wrong.append(f"dialog {d.message}"), d.dismiss()))
        self.page.on("request", self._asked)

    def _asked(self, request):
        if not request.url.startswith((self.daemon.at, "data:")):
            self.wrong.append(request.url)

    def open(self, path):
        return self.page.goto(self.daemon.at + path)

    def sign_in(self, name):
        self.open("/sign-in")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", PASSWORD)
        with self.page.expect_navigation():
            self.page.click("button.primary")
        assert self.page.locator("#timeline").count(), self.page.inner_text("main")
        return self

    def shot(self, name):
        if os.environ.get("ATP_SHOTS"):
            path = Path(os.environ["ATP_SHOTS"]) / f"{name}.jpg"
            self.page.screenshot(path=str(path), type="jpeg", quality=72)

    def faults(self):
        """What axe finds serious."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{v['id']}: {n['html'][:160]} {n.get('failureSummary', '')[:200]}"
            for v in found["violations"] if v["impact"] in ("serious", "critical")
            for n in v["nodes"][:3]
        ]  # fmt: skip


@pytest.fixture
def look(chromium, daemon):
    opened = []

    def looking(**how):
        opened.append(Looker(chromium, daemon, **how))
        return opened[-1]

    yield looking
    for one in opened:
        one.context.close()
    assert [w for one in opened for w in one.wrong] == []


@pytest.fixture(scope="module")
def people(chromium, daemon):
    """The first administrator by the browser, others by the command; the examples read."""
    one = Looker(chromium, daemon)
    one.open(daemon.setup)
    one.page.fill("[name=name]", "administrator")
    one.page.fill("[name=password]", PASSWORD)
    one.page.click("button.primary")
    one.page.wait_for_selector("#timeline")
    assert "Nothing suspicious so far" in one.page.inner_text("#timeline")
    for role in ("viewer", "user"):
        daemon.account(role, role)
    shutil.copy(ROOT / "examples/intrusion.pcap.gz", daemon.watched)
    one.page.wait_for_selector("article.alert", timeout=120_000)  # without loading anew
    daemon.wait(lambda: _alerts(one.page) >= 12)
    assert one.wrong == []
    one.context.close()


def _alerts(page):
    page.wait_for_timeout(200)
    return page.locator("article.alert").count()


def _number(page, title):
    href = page.locator("a.title", has_text=title).first.get_attribute("href")
    return href.rpartition("/")[2]


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_for_whom_it_is(look, people, role):
    one = look().sign_in(role)
    number = _number(one.page, "DCSync")
    for path in OPEN:
        assert one.open(path.format(number=number)).status == 200, path
        one.page.wait_for_load_state("networkidle") if path != "/" else None
    for path in CLOSED:
        assert one.open(path).status == (200 if role == "administrator" else 403), path
    if role != "administrator":
        assert len(one.wrong) == len(CLOSED)  # the browser says that they were refused
        one.wrong.clear()
    one.open(f"/alerts/{number}")
    assert one.page.locator("button", has_text="Suppress").count() == (role != "viewer")
    assert one.page.locator("a[href='/people']").count() == (role == "administrator")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
def test_everybody_can_use_it(look, people, scheme, width):
    """axe finds nothing serious, and no page is wider than the screen."""
    one = look(color_scheme=scheme, viewport={"width": width, "height": 900}).sign_in(
        "administrator"
    )
    number = _number(one.page, "password spray")
    found = {}
    for place in [*OPEN, *CLOSED]:
        one.open(place.format(number=number))
        one.page.wait_for_timeout(300)
        one.shot(f"{re.sub('[^a-z]+', '-', place)}-{scheme}-{width}")
        wide = one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[place] = [*one.faults(), *([f"{wide} too wide"] if wide > 0 else [])]
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_an_alert_goes_through_its_life(look, people):
    one = look().sign_in("user")
    page = one.page
    number = _number(page, "DNS zone transfer")
    other = look().sign_in("viewer")
    assert other.page.locator(f"#alert-{number}").count() == 1
    page.click(f"a[href='/alerts/{number}']:visible >> nth=-1")
    page.wait_for_selector("#verdict")
    page.wait_for_load_state("load")  # keys are heard when scripts have run
    page.keyboard.press("c")
    page.wait_for_function("document.activeElement.id == 'verdict'")
    page.fill("textarea[name=note]", "Who sits there?")
    page.click("button:has-text('Write')")
    page.wait_for_selector(".history >> text=Who sits there?")
    page.click("button:has-text('Take it')")
    page.wait_for_selector("text=looked after by user")
    page.select_option("#verdict", "true_positive")
    page.click("button.primary:has-text('Close')")
    page.wait_for_selector("text=closed: true positive")
    other.page.wait_for_selector(f"#alert-{number}", state="detached", timeout=20_000)
    page.click("button:has-text('Open again')")
    page.wait_for_selector("#verdict")
    other.page.wait_for_selector(f"#alert-{number}", timeout=20_000)
    with page.expect_download() as kept:
        page.keyboard.press("e")
    assert kept.value.suggested_filename == f"alert-{number}.xlsx"


def test_a_report_is_scheduled_and_no_more(look, people):
    one = look().sign_in("user")
    page = one.page
    one.open("/reports")
    page.fill("[name=name]", "weekly")
    page.select_option("form[action='/reports/schedule'] [name=report]", "sensitive_groups")
    page.fill("[name=at]", "06:30")
    page.click("button:has-text('Schedule')")
    page.wait_for_selector("td:text-is('weekly')")
    assert "soc" in page.inner_text("tr:has(td:text-is('weekly'))")
    one.shot("reports-scheduled")
    other = look().sign_in("viewer")
    other.open("/reports")
    assert other.page.locator("td:text-is('weekly')").count() == 1
    assert other.page.locator("form[action='/reports/schedule']").count() == 0
    page.click("button[aria-label='Remove weekly']")
    page.wait_for_selector("text=None is scheduled")
    assert one.faults() == []
    assert one.wrong + other.wrong == []


def test_filters_and_keys(look, people):
    one = look().sign_in("viewer")
    page = one.page
    everything = _alerts(page)
    page.click("label:has(input[value=high])")
    page.wait_for_function(f"document.querySelectorAll('article.alert').length < {everything}")
    assert "severity=high" in page.url
    assert page.locator("article .level:not(.high)").count() == 0
    page.keyboard.press("Escape")
    page.locator("main h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("!!document.activeElement.closest('article.alert')")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("dav")
    page.wait_for_selector("#suggestions a >> text=dave@corp.example.test")
    page.keyboard.press("Escape")
    page.locator("main h1").click()
    before = page.inner_text("article time >> nth=0")
    page.keyboard.press("z")
    assert page.inner_text("article time >> nth=0") == f"{_shifted(before, -1)} UTC"
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/detections")


def test_who_reads_german_gets_german(look, people):
    one = look(locale="de-DE", viewport={"width": 390, "height": 900}).sign_in("viewer")
    assert one.page.evaluate("document.documentElement.lang") == "de"
    for place in [p for p in OPEN if "{" not in p]:
        one.open(place)
        one.page.wait_for_timeout(200)
        one.shot(f"de-{re.sub('[^a-z]+', '-', place)}")
        assert one.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, place
    one.open("/")
    day = one.page.locator("h2.day time").first
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4}", day.inner_text())
    assert "Mutmaßliche Angriffe" in one.page.inner_text("h1")


def _shifted(clock, hours):
    hour, _, rest = clock.partition(":")
    return f"{(int(hour) + hours) % 24:02}:{rest}"


def test_a_card_stands_beside_a_name(look, people):
    one = look().sign_in("viewer")
    one.page.hover("article .entity >> nth=0")
    one.page.wait_for_selector("#card:popover-open .facts")
    one.page.keyboard.press("Escape")
    assert one.page.locator("#card:popover-open").count() == 0


def test_names_that_attack_who_reads_them(look, people, daemon):
    one = look().sign_in("administrator")
    before = _alerts(one.page)
    text = (ROOT / "examples/events.xml").read_text(encoding="utf-8")
    text = text.replace("KIOSK7", html.escape(HOSTILE)).replace(
        ">erin<", f">{html.escape(HOSTILE)}<"
    )
    (daemon.watched / "hostile.xml").write_text(text, encoding="utf-8")
    daemon.wait(lambda: _alerts(one.page) >= before + 3)  # they come while one looks
    hrefs = [a.get_attribute("href") for a in one.page.locator("a.title").all()]
    for href in hrefs[:4]:
        one.open(href)
        one.page.wait_for_timeout(200)
    assert one.page.locator("img").count() == 0
    one.open("/")
    names = [a.get_attribute("href") for a in one.page.locator("article a.entity").all()]
    bad = [n for n in names if "onerror" in n]
    for href in bad[:2]:
        assert one.open(href).status == 200
        assert HOSTILE.lower() in one.page.inner_text("h1").lower()
    assert bad


def test_signing_out_ends_it(look, people):
    one = look().sign_in("viewer")
    one.page.click("button:has-text('Sign out')")
    one.page.wait_for_selector("h1:has-text('Sign in')")
    one.open("/")
    assert one.page.url.startswith(f"{one.daemon.at}/sign-in")


def test_people_sign_in_through_a_provider(chromium, tmp_path):
    """There and back between two sites, with the cookies that a browser sends then."""
    from oidc_provider import CLIENT, SECRET, Provider

    provider = Provider(tmp_path / "provider")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret, file = tmp_path / "secret", tmp_path / "sign-in.yaml"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    file.write_text(
        f"label: Corp\nissuer: {provider.issuer}\nclient: {CLIENT}\nsecret_file: {secret}\n"
        f"ca: {provider.authority.certificate_path}\nportal: https://localhost:{port}\n"
        "roles: {user: [soc]}\n"
    )
    daemon = Daemon(tmp_path, "--sign-in", file, "--portal", f"127.0.0.1:{port}")
    try:
        daemon.account("root", "administrator")
        one = Looker(chromium, daemon)
        one.open("/audit")
        one.shot("sign-in-provider")
        one.page.click("text=Sign in with Corp")
        one.page.wait_for_selector("text=Not allowed")  # who came is a user, and wanted this page
        one.open("/")
        assert "ann" in one.page.inner_text(".rail")
        one.page.click("button:has-text('Sign out')")
        one.page.wait_for_selector("text=Sign in with Corp")
        provider.person["groups"] = []
        one.page.click("text=Sign in with Corp")
        one.page.wait_for_selector("[role=alert] >> text=in no group")
        assert [w for w in one.wrong if not w.startswith(provider.issuer) and "403" not in w] == []
        one.context.close()
    finally:
        daemon.close()
        provider.close()
    assert SECRET not in daemon.log.read_text()
