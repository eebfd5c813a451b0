"""What people may decide about an alert in each state."""

import pytest

from engine.lifecycle import ACTIONS, RefusedError, Standing, decided

ALLOWED = {
    "open": {"close", "suppress", "delete", "assign", "comment"},
    "closed": {"close", "reopen", "delete", "assign", "comment"},
    "suppressed": {"close", "reopen", "delete", "assign", "comment"},
    "retracted": {"delete", "assign", "comment"},
    "merged": {"delete", "comment"},
    "deleted": set(),
}


@pytest.mark.parametrize("status", ALLOWED)
@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_allowed(status, action):
    if action in ALLOWED[status]:
        assert isinstance(decided(Standing(status), action, verdict="benign"), Standing)
    else:
        with pytest.raises(RefusedError, match=status):
            decided(Standing(status), action, verdict="benign")


@pytest.mark.parametrize(
    ("before", "action", "given", "after"),
    [
        (Standing("open", None, "ann"), "close", {"verdict": "benign"}, Standing("closed", "benign", "ann")),
        (Standing("closed", "benign"), "close", {"verdict": "true_positive"}, Standing("closed", "true_positive")),
        (Standing("closed", "benign", "ann"), "reopen", {}, Standing("open", None, "ann")),
        (Standing("open", None, "ann"), "suppress", {}, Standing("suppressed", None, "ann")),
        (Standing("closed", "benign", "ann"), "delete", {}, Standing("deleted")),
        (Standing("closed", "benign"), "assign", {"assignee": "bob"}, Standing("closed", "benign", "bob")),
        (Standing("open", None, "ann"), "assign", {}, Standing("open")),
        (Standing("open", None, "ann"), "comment", {}, Standing("open", None, "ann")),
    ],
)  # fmt: skip
def test_how_it_stands_then(before, action, given, after):
    assert decided(before, action, **given) == after


def test_closed_as_that_already():
    with pytest.raises(RefusedError, match="already"):
        decided(Standing("closed", "benign"), "close", verdict="benign")
