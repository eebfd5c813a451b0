"""Names that attack whoever reads of them, as real records and packets, through the engine to each way
out: pages, letters, CEF, LEEF, workbooks, CSV, JSON lines, the terminal. Nothing executes, nothing breaks.
"""

from __future__ import annotations

import csv
import email
import email.policy
import json
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import hostile_names
import openpyxl
import pytest
from hostile_names import NAMES

from engine.cli.ground import load_directory
from engine.cli.rules import load_rules
from engine.daemon.folders import Folders
from engine.daemon.outputs import Message
from engine.daemon.outputs.email import letter
from engine.daemon.service import Service
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.exports import names as export_names
from engine.exports import writer
from engine.run import Engine
from engine.sinks import formats
from engine.sinks.jsonl import JsonLines
from engine.sinks.terminal import block
from engine.store import Store
from engine.store.desk import Desk, beside
from engine.store.reads import reads_of
from portal.access.roles import Role
from portal.application import application
from portal.pages.view import COOKIE
from portal.reading.sources import Sources
from portal.routes import people_of
from portal.site import Site, now
from sensor.inputs.files import read_file

with warnings.catch_warnings():  # it prefers another httpx, which few have
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
BEGIN = 1_795_424_400_000_000
"""2026-11-23 09:00 UTC, when the log begins."""
OURS = {"sec-fetch-site": "same-origin"}
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


COLOUR = re.compile(r"\x1b\[\d+m")


class Told:
    """What the engine said of the traffic: `alerts` as sinks get them, `lines` as the file has them."""

    def __init__(self, folder):
        log, capture = folder / "shipped.json", folder / "zones.pcap"
        log.write_text(hostile_names.records(ROOT / "examples/events.xml"))
        capture.write_bytes(hostile_names.transfers(BEGIN))
        loaded = load_rules(())
        file = folder / "atp.duckdb"
        engine = Engine(
            Store(file), loaded.rules, keep=True, compile_detection=loaded.compile_detection,
            directory=directory_of(load_directory(ROOT / "examples/directory.yaml")),
            directory_settled=FOREVER,
        )  # fmt: skip
        engine.put_lists(loaded.lists, loaded.rows)
        self.lines = folder / "alerts.jsonl"
        self.service = Service(
            engine, Folders([], engine.store), (), JsonLines(self.lines), quiet=True,
            desk=Desk(beside(file)), in_force=loaded.in_force,
        )  # fmt: skip
        events = []
        for path in (log, capture):
            summary = read_file(path, events.append)
            assert summary.fault is None, summary
        engine.ingest(sorted(events, key=lambda e: e.ts))
        engine.tick(final=True)
        self.service.deliver()
        self.service.step()
        self.faults = dict(engine.faults)
        self.reads = reads_of(engine.store)
        self.people = people_of(file)
        self.sources = Sources(file, beside(file), self.reads, lambda: self.service.status)
        with self.sources.desk() as desk:
            numbers = range(1, desk.count() + 1)
            self.alerts = [a for n in numbers if (a := desk.alert(n)) is not None]

    def close(self):
        self.reads.close()
        self.people.close()
        self.service.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    made = Told(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser(told):
    site = Site(told.people, told.sources)
    site.accounts.add("root", Role.ADMINISTRATOR, "correct horse battery", now())
    with TestClient(application(site), base_url="https://portal.test") as client:
        client.cookies.set(COOKIE, site.sessions.open("root", "", "", now()), domain="portal.test")
        yield client


class Read(HTMLParser):
    """A page as a browser would understand it: what acts, where it leads, its words."""

    def __init__(self, text):
        super().__init__()
        self.acts, self.links, self.words, self.images = [], [], [], 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        inline = tag == "script" and not (named.get("src") or "").startswith("/static/")
        if inline or tag in ("style", "iframe", "object", "base", "embed"):
            self.acts.append(tag)
        self.images += tag == "img"
        self.acts += [f"{tag} {n}" for n in named if n.startswith("on") or n == "style"]
        self.links += [v or "" for n, v in attrs if n in ("href", "src", "action", "formaction")]

    def handle_data(self, data):
        self.words.append(data)


def test_the_names_came_through(told):
    """Or nothing below would try anything."""
    assert told.faults == {}
    detections = {str(a["detection"]) for a in told.alerts}
    assert {"dns_zone_transfer", "sensitive_group_addition", "suspicious_service"} <= detections
    text = json.dumps(told.alerts, ensure_ascii=False).lower()
    for name in ("<script>alert(1)</script>", "{{7*7}}", "\u202e", "=hyperlink(", "drop table alert",
                 "cs9=evil", "an\u200bn", "javascript:alert(1)"):  # fmt: skip
        assert json.dumps(name, ensure_ascii=False)[1:-1] in text, name
    zones = [a["roles"]["zone"] for a in told.alerts if a["detection"] == "dns_zone_transfer"]
    assert len(zones) == len(NAMES)


def test_pages(told, browser):
    detail = [f"/alerts/{a['number']}" for a in told.alerts]
    people = {str(n) for a in told.alerts for r in ("actor", "source", "target")
              for n in (a[r] if isinstance(a[r], list) else [a[r]]) if n}  # fmt: skip
    of = [f"/entity{more}?name={quote(n)}" for n in people for more in ("", "/card")]
    words = set()
    detail += [f"{at}/exclude" for at in detail]
    of += [f"/incidents/{a['number']}" for a in told.alerts]
    for path in ["/", "/audit", "/health", "/hunt", "/incidents", *detail, *of]:
        answer = browser.get(path, headers=OURS)
        assert answer.status_code in ((200, 404) if path in of else (200,)), path
        page = Read(answer.text)
        assert (page.acts, page.images) == ([], 0), path
        assert [at for at in page.links if not at.startswith(("/", "#", "https://attack.mitre.org"))
                or at.startswith("//")] == [], path  # fmt: skip
        assert UNSEEN.findall(answer.text.replace("\n", "")) == [], path
        words |= {w.strip() for w in page.words}
    assert any("{{7*7}}" in w for w in words)
    assert any("<script>alert(1)</script>" in w for w in words)


@pytest.mark.parametrize("form", ["json", "xlsx"])
def test_exports_of_the_portal(told, browser, form):
    for alert in told.alerts:
        answer = browser.get(f"/alerts/{alert['number']}/export/{form}", headers=OURS)
        assert answer.status_code == 200


def test_letters(told):
    for alert in told.alerts:
        made = letter(Message("d.1", BEGIN, "opened", alert), "atp@x.test", ("soc@x.test",))
        mail = email.message_from_bytes(made.as_bytes(), policy=email.policy.SMTP)
        assert set(mail.keys()) == {
            "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
            "Content-Type",
        }  # fmt: skip
        assert mail["To"] == "soc@x.test"
        text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert UNSEEN.findall(text.replace("\r\n", "\n")) == []
        seen = Read(page)
        assert ([a for a in seen.acts if a != "style" and not a.endswith(" style")], seen.links,
                seen.images) == ([], [], 0)  # fmt: skip


def _cef(line):
    """The header and the keys of the extension, by the specification."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    return parts, re.findall(r"(?:^|(?<= ))(\w+)(?==)", re.sub(r"\\.", "__", parts[7]))


def _leef(line):
    header, _, rest = line.partition("|x09|")
    return header.split("|"), [pair.partition("=")[0] for pair in rest.split("\t")]


@pytest.mark.parametrize(("form", "keys_of"), [("cef", _cef), ("leef", _leef)])
def test_lines_for_other_products(told, form, keys_of):
    """A name adds no line, no field, and no second value of one."""
    harmless = {}
    for alert in told.alerts:
        line = formats.forms()[form]("opened", alert, "1.0").decode()
        assert "\n" not in line
        assert UNSEEN.findall(line) == []
        header, keys = keys_of(line)
        assert len(header) == (8 if form == "cef" else 5)
        assert len(keys) == len(set(keys)), keys
        harmless.setdefault(form, set()).update(keys)
    assert not {"cs9", "evil", "root"} & harmless[form]
    assert len(harmless[form]) < 30, harmless[form]


@pytest.mark.parametrize("form", ["ecs", "ocsf"])
def test_objects_for_other_products(told, form):
    for alert in told.alerts:
        line = formats.forms()[form]("opened", alert, "1.0")
        assert b"\n" not in line
        assert UNSEEN.findall(line.decode()) == []
        assert isinstance(json.loads(line), dict)


def test_files(told, tmp_path):
    paths = {form: tmp_path / f"alerts.{form}" for form in export_names()}
    for form, path in paths.items():
        writer(form)(told.alerts, path)
        assert path.stat().st_size > 0
    book = openpyxl.load_workbook(paths["xlsx"])
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert {c.data_type for c in cells} <= {"s", "n", "b"}
    assert [c.hyperlink for c in cells if c.hyperlink] == []
    with paths["csv"].open(encoding="utf-8-sig", newline="") as file:
        first, *rows = csv.reader(file)
    assert {len(row) for row in rows} == {len(first)}
    assert [
        c for row in rows for c in row if c.startswith(("=", "+", "-", "@", "\t", "\r", "|"))
    ] == []


def test_json_lines_and_the_terminal(told):
    lines = told.lines.read_bytes().splitlines()
    assert len(lines) >= len(told.alerts)
    for line in lines:
        assert UNSEEN.findall(line.decode()) == []
        assert json.loads(line)["severity"] in ("informational", "low", "medium", "high")
    for alert in told.alerts:
        for line in block(alert, evidence=10).split("\n"):
            assert COLOUR.sub("", line).isprintable(), line
