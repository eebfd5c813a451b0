"""What the pages load is what was vendored, and nothing of it is named by another host."""

import hashlib
import re

import pytest

from portal.pages.rendering import HERE, STATIC, asset

VENDOR = STATIC / "vendor"
SUMS = dict(line.split()[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())


def test_every_vendored_file_has_its_sum_and_licence():
    files = {p.name for p in VENDOR.iterdir()} - {"SHA256SUMS"}
    assert files == set(SUMS)
    licences = {name.partition(".")[2] for name in files if name.startswith("LICENSE")}
    assert {n.partition("-")[0] for n in files if not n.startswith("LICENSE")} == licences


@pytest.mark.parametrize("name", SUMS)
def test_it_is_what_it_was(name):
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == SUMS[name]


def test_templates_load_what_is_here():
    text = "".join(p.read_text(encoding="utf-8") for p in (HERE / "templates").iterdir())
    named = re.findall(r"asset\('([^']+)'\)", text)
    assert {"portal.js", "portal.css", "vendor/htmx-4.0.1.min.js"} <= set(named)
    assert all(asset(name).startswith("/static/") for name in named)
    assert "|safe" not in text
    own = (STATIC / "portal.css").read_text() + (STATIC / "tokens.css").read_text()
    assert "url(" not in own
