"""Entries put into the installation's own lists and taken out again."""

import pytest

from engine.tuning.candidates import Entry
from engine.tuning.own_lists import OwnLists
from engine.tuning.writing import Signed

NOW = 1_767_614_400_000_000
SIGNED = Signed.of("ann", "it is ours", "90d", NOW)
TEXT = "list: jumps\nkind: host\ndescription: Ours.\nentries:\n  - value: a.test # kept\n    owner: x\n    reason: y\n  # of b\n  - {value: b.test, owner: x, reason: y}\n"


@pytest.fixture
def heard():
    return []


@pytest.fixture
def own(tmp_path, heard):
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "jumps.yaml").write_text(TEXT)
    return OwnLists(lambda: (folder,), lambda: heard.append(1))


def values(own, name):
    return [e.value for e in own.files()[name].entries]


def test_an_entry_is_added_and_removed(own, heard, tmp_path):
    path = own.add("jumps", "host", "not used", Entry(value="c.test"), SIGNED)
    assert values(own, "jumps") == ["a.test", "b.test", "c.test"]
    assert path.read_text().startswith(TEXT)
    assert own.remove("jumps", "c.test").reason == "it is ours"
    assert path.read_text() == TEXT
    own.remove("jumps", "a.test")
    assert "# of b\n" in path.read_text()
    own.remove("jumps", "b.test")
    assert path.read_text().endswith("entries: []\n  # of b\n")
    assert own.files()["jumps"].entries == ()
    assert len(heard) == 4


def test_the_first_entry_makes_the_file(own, tmp_path):
    entry = Entry(roles=(("source", "ws1: {x}\n"),))
    assert own.add("zones", "text", "What: {it}", entry, SIGNED).parent == tmp_path / "lists"
    (made,) = own.files()["zones"].entries
    assert made.roles == (("source", "ws1: {x}\n"),)
    own.remove("zones", made.value)
    assert own.files()["zones"].entries == ()


def test_what_is_refused(own, heard, tmp_path):
    with pytest.raises(ValueError, match="twice"):
        own.add("jumps", "host", "", Entry(value="A.test"), SIGNED)
    with pytest.raises(ValueError, match="no such entry"):
        own.remove("jumps", "z.test")
    with pytest.raises(ValueError, match="no such entry"):
        own.remove("nothing", "z.test")
    file = tmp_path / "lists" / "flow.yaml"
    flow = (
        "list: flow\nkind: host\ndescription: Ours.\nentries: [{value: a, owner: b, reason: c}]\n"
    )
    file.write_text(flow)
    with pytest.raises(ValueError, match="by hand"):
        own.remove("flow", "a")
    assert file.read_text() == flow
    file.write_text("list: flow\n")
    with pytest.raises(ValueError, match=r"flow\.yaml has an error"):
        own.add("jumps", "host", "", Entry(value="d.test"), SIGNED)
    with pytest.raises(ValueError, match="no folder"):
        OwnLists(tuple, heard.clear).add("jumps", "host", "", Entry(value="d.test"), SIGNED)
    assert (tmp_path / "lists" / "jumps.yaml").read_text() == TEXT
    assert heard == []
