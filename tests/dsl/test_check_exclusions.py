"""Lists against the day and the detections: expired entries, roles that no alert has."""

import pytest

from dsl.check.exclusions import check_list
from dsl.codes import all_codes
from dsl.load import load

NOW = 1_800_000_000_000_000


def found(folder, code, example):
    for name, text in code.files(example).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    catalogue = load([folder], folder)
    assert catalogue.diagnostics.items == []
    (file,) = catalogue.lists.values()
    return list(check_list(file, catalogue.detections, NOW)), catalogue


@pytest.mark.parametrize("name", ["D0802", "D0803"])
def test_wrong_gives_the_code_and_right_gives_none(tmp_path, name):
    code = all_codes()[name]
    (diagnostic,), _ = found(tmp_path / "wrong", code, code.wrong)
    assert (diagnostic.code, diagnostic.span.line > 1) == (name, True)
    assert found(tmp_path / "right", code, code.right)[0] == []


def test_an_entry_counts_until_its_day(tmp_path):
    code = all_codes()["D0802"]
    _, catalogue = found(tmp_path, code, code.wrong)
    (file,) = catalogue.lists.values()
    (entry,) = file.entries
    assert [len(list(check_list(file, {}, entry.expires + d))) for d in (-1, 0)] == [0, 1]
    (told,) = check_list(file, {}, NOW)
    assert told.severity == "warning"
    assert told.message == "`ws1` has not counted since 2020-01-31"
    assert told.hint == "remove it, or ask it: scanner"


def test_roles_in_a_list_that_no_detection_owns(tmp_path):
    code = all_codes()["D0803"]
    _, catalogue = found(tmp_path, code, code.right)
    (file,) = catalogue.lists.values()
    others = {"exampel": catalogue.detections["example"]}
    (told,) = check_list(file, others, NOW)
    assert (told.severity, told.hint) == ("error", "did you mean `exampel`?")
    assert list(check_list(file, {}, NOW)) == []
