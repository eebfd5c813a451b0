"""The pages that people read, and their parts: code fences, code spans, links, headings."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


class Fence(NamedTuple):
    """A fenced example; `line` is that of its first line."""

    language: str
    text: str
    line: int


class Page:
    """One Markdown file of the project."""

    def __init__(self, path):
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        self.text = path.read_text(encoding="utf-8")

    @property
    def fences(self):
        return [
            Fence(m[1], m[2], self.text.count("\n", 0, m.start()) + 2)
            for m in _FENCE.finditer(self.text)
        ]

    @property
    def prose(self):
        """The text without fenced examples."""
        return _FENCE.sub("", self.text)

    @property
    def spans(self):
        """Texts in code spans; in tables a pipe is escaped."""
        return [m[1].replace("\\|", "|") for m in _SPAN.finditer(self.prose)]

    @property
    def links(self):
        """Targets of links outside of code."""
        return re.findall(r"\]\(([^)\s]+)\)", _SPAN.sub("", self.prose))

    @property
    def anchors(self):
        """Names of its headings, as GitHub makes them."""
        titles = re.findall(r"^#+ +(.*)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _paths():
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")]
    return sorted(
        {
            *found,
            *ROOT.glob("examples/*.md"),
            *ROOT.glob("examples/*/*.md"),
            *ROOT.glob("editors/*/*.md"),
        }
    )


def pytest_generate_tests(metafunc):
    if "page" in metafunc.fixturenames:
        pages = [Page(path) for path in _paths()]
        metafunc.parametrize("page", pages, ids=[page.name for page in pages])


@pytest.fixture(scope="session")
def language():
    """The reference of the language."""
    return Page(ROOT / "docs" / "language.md")


@pytest.fixture
def open_page():
    """A function: path -> page."""
    return Page
