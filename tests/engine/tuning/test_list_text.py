"""Entries put into list files: what stands there stays, hostile names are only values."""

import pytest

from dsl.load import load
from engine.tuning.candidates import Entry
from engine.tuning.list_text import entry_lines, new_list, with_entries, without_entry

OWN = Entry(roles=(("source", "ws1"),))
HEAD = "list: example\nkind: text\ndescription: An example.\n"


def read(tmp_path, text):
    path = tmp_path / "example.yaml"
    path.write_text(text, encoding="utf-8")
    catalogue = load([path])
    return catalogue.diagnostics.items, [
        (e.roles, e.value) for e in catalogue.lists["example"].entries
    ]


@pytest.mark.parametrize(
    "value",
    [
        "ws1", "ip:10.0.0.1", "10.0.0.0/8", "tag:backup", "true", "No", "7", "2030-01-31", "null",
        "a, b}", '"quoted"', "x: y", "# none", "- dash", "  blank ", "*a", "&a", "!t", "{{i}}",
        "svc$@corp.test", "ünï", "a\\b", "a\nb", "\u202e", "😀", "[x]",
    ],
)  # fmt: skip
def test_any_value_is_read_back_as_it_is(tmp_path, value):
    entries = [Entry(roles=(("source", value), ("actor", "x"))), Entry(value=f"{value} z")]
    lines = entry_lines(entries, "owner, the", "because: of #1", "2199-01-31")
    found, there = read(tmp_path, new_list("example", "text", "An: example", lines))
    assert found == []
    assert there[0][0] == entries[0].roles
    assert there[1][1] == entries[1].value


@pytest.mark.parametrize(
    ("entries", "before", "after"),
    [
        ("entries: []\n", 0, 1),
        ("entries: []  # none yet\n", 0, 1),
        ("entries:\n  - {value: a, owner: b, reason: c}\n", 1, 2),
        ("entries:\n- {value: a, owner: b, reason: c}\n", 1, 2),
        ("entries:\n    - value: a\n      owner: b\n      reason: c\n# end\n", 1, 2),
        ("entries:\n  # why\n  - {value: a, owner: b, reason: c}\n\n", 1, 2),
    ],
)
def test_put_behind_what_is_there(tmp_path, entries, before, after):
    text = HEAD + entries
    assert len(read(tmp_path, text)[1]) == before
    changed = with_entries(text, entry_lines([OWN], "it", "scanner", "2199-01-31"))
    found, there = read(tmp_path, changed)
    assert (found, len(there), there[-1][0]) == ([], after, OWN.roles)
    kept = [line for line in text.splitlines() if "[]" not in line]
    assert [line for line in kept if line not in changed.splitlines()] == []


@pytest.mark.parametrize("entries", ["", "entries: [{value: a, owner: b, reason: c}]\n"])
def test_another_way_of_writing_is_left_alone(entries):
    assert with_entries(HEAD + entries, ["- x"]) is None


def test_entries_before_other_keys(tmp_path):
    text = "entries:\n  - {value: a, owner: b, reason: c}\n" + HEAD
    changed = with_entries(text, entry_lines([OWN], "it", "scanner", "2199-01-31"))
    assert len(read(tmp_path, changed)[1]) == 2


@pytest.mark.parametrize(
    ("entries", "line", "after"),
    [
        ("entries:\n  - {value: a}\n  - {value: b}  # b\n", 5, "entries:\n  - {value: b}  # b\n"),
        ("entries:\n  - {value: a}\n", 5, "entries: []\n"),
        (
            "entries:\n  # of a\n  - value: a\n    owner: x\n  # of b\n  - value: b\n# end\n",
            6,
            "entries:\n  # of a\n  # of b\n  - value: b\n# end\n",
        ),
        ("entries:\n- {value: a,\n   owner: x}\n- {value: b}\n", 5, "entries:\n- {value: b}\n"),
        ("entries: [{value: a}, {value: b}]\n", 4, None),
    ],
)
def test_an_entry_is_taken_out(entries, line, after):
    after = None if after is None else HEAD + after
    assert without_entry(HEAD + entries, line) == after
