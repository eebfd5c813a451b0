"""Pages: links resolve, headings are single, and nothing speaks of how the project is made."""

import re

import pytest

_INTERNAL = {
    "an issue's number": r"(?<![\w&/#])#\d+\b|\bissues?\s+#?\d+",
    "who worked on it": r"\bhelpers?\b|\bassistants?\b|\bprompts?\b",
    "a session of work": r"\b(?:this|that|last|next|previous|earlier|later|another|my|our) session\b",
    "a folder outside": r"\.\./shared|/work/|/tmp/bash|/root/",
    "what is not done": r"\b(?:TODO|FIXME|TBD|XXX)\b",
}


def test_links_resolve(page, open_page):
    faults = []
    for target in page.links:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.path.parent / path).resolve() if path else page.path
        if not file.exists():
            faults.append(f"{target}: no such file")
        elif anchor and anchor not in open_page(file).anchors:
            faults.append(f"{target}: no such heading")
    assert faults == []


@pytest.mark.parametrize("what", _INTERNAL)
def test_nothing_speaks_of_how_it_is_made(page, what):
    assert re.findall(_INTERNAL[what], page.text, re.IGNORECASE) == []


def test_headings_are_single(page):
    titles = re.findall(r"^#+ .*$", page.prose, re.MULTILINE)
    if page.name != "CHANGELOG.md":
        assert len(titles) == len(set(titles))
    assert titles[:1] == [t for t in titles if t.startswith("# ")]
