"""new: a frame that passes its tests, and never over something that is there."""

import pytest


@pytest.mark.parametrize("tactic", [None, "lateral_movement"])
def test_the_frame_passes(atp, tmp_path, tactic):
    done = atp("new", "my_rule", *(["--tactic", tactic] if tactic else []))
    path = f"detections/{tactic or 'discovery'}/my_rule.yaml"
    assert (done.code, done.err) == (0, "")
    assert done.out == f"wrote {path}\nnext: atp check {path} && atp test {path}\n"
    assert atp("check").code == 0
    assert atp("fmt", "--check").code == 0
    tested = atp("test")
    assert tested.code == 0
    assert tested.out.startswith("3 passed, 0 failed")


def test_nothing_is_overwritten(atp, tmp_path):
    atp("new", "my_rule")
    path = tmp_path / "detections" / "discovery" / "my_rule.yaml"
    path.write_text("mine")
    for args in (["my_rule"], ["my_rule", "--tactic", "execution"]):
        done = atp("new", *args)
        assert (done.code, done.out) == (2, "")
        assert "detections/discovery/my_rule.yaml exists already\n  = hint: choose" in done.err
    assert path.read_text() == "mine"
    link = path.with_name("linked.yaml")
    link.symlink_to("elsewhere")
    assert atp("new", "linked").code == 2
    assert not path.with_name("elsewhere").exists()


def test_ids_of_shipped_detections_are_taken(atp):
    done = atp("new", "dcsync")
    assert done.code == 2
    assert "credential_access/dcsync.yaml exists already" in done.err


@pytest.mark.parametrize(
    "args",
    [["Foo"], ["a-b"], ["../x"], [""], ["1x"], ["a.b"], ["äh"], ["x", "--tactic", "../x"],
     ["x", "--tactic", "lists"], ["x", "--tactic", ""], ["x" * 300], ["x", "--into", "/proc/no"]],
)  # fmt: skip
def test_names_that_are_none(atp, tmp_path, args):
    done = atp("new", *args)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert not list(tmp_path.rglob("*.yaml"))
