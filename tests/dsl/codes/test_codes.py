"""Every code of the phases of reading: its wrong example gives it, its right one gives nothing."""

import re

import pytest

from dsl.codes import Code, all_codes
from dsl.load import load

CHECKED = {"D0714", "D0715", "D0716"}  # of the tests, but known only when the relations below are
READ = {name: code for name, code in all_codes().items() if name[:3] in {"D01", "D06", "D07"}}
OWN = {name: code for name, code in READ.items() if name not in CHECKED}


def codes_of(code, example, folder):
    for path, text in code.files(example).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return {d.code for d in load([folder]).diagnostics.items}


@pytest.mark.parametrize("name", OWN)
def test_wrong_gives_the_code_and_right_gives_none(name, tmp_path):
    code = OWN[name]
    assert codes_of(code, code.wrong, tmp_path / "wrong") == {name}
    assert codes_of(code, code.right, tmp_path / "right") == set()


def test_codes_are_named_by_phase_and_told_in_full():
    for name, code in all_codes().items():
        assert re.fullmatch(r"D0[1-8]\d\d", name)
        assert code.code == name
        assert code.title
        assert code.paragraph.endswith(".")
        assert code.wrong != code.right


def test_every_code_that_a_phase_of_reading_uses_is_known(root):
    used = set()
    for file in (root / "dsl").glob("*.py"):
        used |= set(re.findall(r'"(D0[167]\d\d)"', file.read_text()))
    assert used - set(all_codes()) == set()
    assert set(OWN) - used == set()


def test_frames():
    block = Code("D0101", "", "", "", "").files("t = match x\nalert t as (a: b)")
    assert list(block) == ["discovery/example.yaml"]
    assert "  alert t as (a: b)\n" in block["discovery/example.yaml"]
    keys = Code("D0601", "", "", "", "", "keys").files("title: Other\nextra: 1")
    text = keys["discovery/example.yaml"]
    assert text.count("title:") == 1
    assert "title: Other\n" in text
    assert text.endswith("extra: 1\n")
