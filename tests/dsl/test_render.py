"""Diagnostics as people, programs and GitHub read them."""

import json
import re

import pytest

from dsl.diagnostics import Diagnostic, Span
from dsl.render import render_github, render_json, render_text, safe

FILE = "detections/credential_access/kerberoasting.yaml"
LINE = "  tgs = match kerberos_tgs where etypee == rc4_hmac"
TEXT = "\n" * 13 + LINE + "\n"
FAULT = Diagnostic(
    "D0203", "`kerberos_tgs` has no column `etypee`", FILE, Span(14, 34, 6),
    "not a column of this event", "did you mean `etype`?",
)  # fmt: skip


def test_text():
    assert render_text([FAULT], {FILE: TEXT}) == (
        "error[D0203]: `kerberos_tgs` has no column `etypee`\n"
        f"  --> {FILE}:14:34\n"
        "   |\n"
        f"14 | {LINE}\n"
        "   |                                  ^^^^^^ not a column of this event\n"
        "   = hint: did you mean `etype`?\n"
        "\n1 error\n"
    )


def test_without_place_or_text():
    bare = Diagnostic("D0601", "the file cannot be read", "a.yaml", severity="warning")
    assert render_text([bare], {}) == (
        "warning[D0601]: the file cannot be read\n  --> a.yaml\n\n1 warning\n"
    )
    assert render_text([], {}) == ""


def test_notes_and_counts():
    noted = Diagnostic("D0101", "m", "a", Span(1, 1), notes=("one", "two"))
    text = render_text(
        [noted, noted, Diagnostic("D0101", "w", "a", severity="warning")], {"a": "x"}
    )
    assert "   = note: one\n   = note: two\n" in text
    assert text.endswith("2 errors, 1 warning\n")


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "caret"),
    [
        ("ab cd", 4, 2, "ab cd", "   ^^"),
        ("\tcd", 2, 2, "    cd", "    ^^"),
        ("日本 cd", 4, 2, "日本 cd", "     ^^"),
        ("e\u0301 cd", 4, 2, "e\u0301 cd", "  ^^"),
        ("\x1b[31m cd", 7, 2, "\\x1b[31m cd", "         ^^"),
        ("\u202ecd", 2, 2, "\\u{202e}cd", "        ^^"),
        ("ab", 9, 1, "ab", "  ^"),
        ("日本", 1, 2, "日本", "^^^^"),
    ],
)
def test_the_caret_stands_under_what_it_marks(line, column, length, shown, caret):
    text = render_text([Diagnostic("D0101", "m", "a", Span(1, column, length))], {"a": line})
    rows = text.split("\n")
    assert rows[3] == f" 1 | {shown}"
    assert rows[4] == f"   | {caret}"


def test_a_long_line_is_cut_around_the_mark():
    line = "x" * 400 + "HERE" + "y" * 400
    text = render_text([Diagnostic("D0101", "m", "a", Span(1, 401, 4))], {"a": line})
    shown, caret = text.split("\n")[3:5]
    assert len(shown) < 180
    assert shown[caret.index("^") :].startswith("HERE")
    assert caret.count("^") == 4


def test_nothing_of_a_file_reaches_the_terminal_raw():
    evil = "\x1b]0;title\x07\u202e\x00"
    hostile = Diagnostic("D0101", evil, evil, Span(1, 1), evil, evil, (evil,))
    text = render_text([hostile], {evil: evil})
    assert not set(text) & set("\x1b\x07\u202e\x00")
    assert safe("a\tb\x9b") == "a    b\\x9b"


def test_colour_changes_nothing_but_colour():
    coloured = render_text([FAULT], {FILE: TEXT}, colour=True)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render_text([FAULT], {FILE: TEXT})


def test_json():
    (row,) = map(json.loads, render_json([FAULT]).splitlines())
    assert row == {
        "code": "D0203", "severity": "error", "message": FAULT.message, "file": FILE, "line": 14,
        "column": 34, "length": 6, "label": FAULT.label, "hint": FAULT.hint, "notes": [],
    }  # fmt: skip
    assert json.loads(render_json([Diagnostic("D0601", "m", "a")]))["line"] is None


def test_github():
    assert render_github([FAULT]) == (
        f"::error file={FILE},line=14,col=34,endColumn=40,title=D0203::"
        "`kerberos_tgs` has no column `etypee`%0Anot a column of this event%0Ahint: did you mean `etype`?\n"
    )
    odd = Diagnostic("D0601", "50% ::error::", "a,b:c", severity="warning")
    assert render_github([odd]) == "::warning file=a%2Cb%3Ac,title=D0601::50%25 ::error::\n"
    assert render_github([Diagnostic("D0601", "a\nb", "f")]).count("\n") == 1
