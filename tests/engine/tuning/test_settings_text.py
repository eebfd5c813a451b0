"""One detection's settings in the text of a file: the rest stays as it is, or nothing is written."""

import pytest

from engine.tuning.settings_text import entry_of, with_entry

FILE = """\
# ours
sensitivity: medium
detections:
  brute_force:   # loud
    sensitivity: high
    params: {min_tries: 20}
  # the plant
  ntlmv1_use: {disabled: scanners}
frozen: 2027-01-31
"""


def test_an_entry_is_replaced_added_and_taken_out():
    assert entry_of(FILE, "brute_force") == {"sensitivity": "high", "params": {"min_tries": 20}}
    after = with_entry(FILE, "brute_force", {"disabled": 'a "b"\nc'})
    assert entry_of(after, "brute_force") == {"disabled": 'a "b"\nc'}
    assert "# the plant\n  ntlmv1_use: {disabled: scanners}\nfrozen: 2027-01-31\n" in after
    assert entry_of(with_entry(after, "new_one", {"sensitivity": "low"}), "new_one") == {
        "sensitivity": "low"
    }
    without = with_entry(FILE, "ntlmv1_use", {})
    assert entry_of(without, "ntlmv1_use") == {}
    assert entry_of(without, "brute_force") == entry_of(FILE, "brute_force")


@pytest.mark.parametrize("text", ["", "sensitivity: low\n", "detections: {}\n", "detections:\n"])
def test_the_first_entry_of_a_file(text):
    assert entry_of(with_entry(text, "a", {"disabled": "x"}), "a") == {"disabled": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "detections: {brute_force: {disabled: x}}\n",
        "- a\n",
        "detections: [\n",
        "{detections: {a: {}}}\n",
    ],
)
def test_a_file_written_otherwise_is_left_alone(text):
    with pytest.raises(ValueError, match=r"."):
        with_entry(text, "new", {"disabled": "y"})
