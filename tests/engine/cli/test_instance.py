"""instance: made once, shown, and its access key replaced."""

from engine.instance.registry import Registry


def facts(done):
    return dict(line.split(None, 1) for line in done.out.splitlines())


def test_create_show_key(atp, tmp_path):
    done = atp("instance", "create", "i", "--name", "engine.corp.test")
    assert done.code == 0
    made = facts(done)
    assert len(made["fingerprint"]) == 95
    registry = Registry(tmp_path / "i" / "sensors.sqlite")
    first = made["access"].removeprefix("key").strip()
    assert registry.is_access_key(first)
    shown = atp("instance", "show", "i")
    assert shown.out == f"fingerprint {made['fingerprint']}\nsensors     0\n"
    assert first not in shown.out
    second = atp("instance", "key", "i").out.strip()
    assert registry.is_access_key(second)
    assert not registry.is_access_key(first)
    registry.close()


def test_there_is_one_already(atp):
    atp("instance", "create", "i")
    done = atp("instance", "create", "i")
    assert (done.code, done.out) == (2, "")
    assert "i is an instance already" in done.err


def test_there_is_none(atp):
    for command in ("show", "key"):
        done = atp("instance", command, "none")
        assert (done.code, done.err) == (2, "error: none is no instance\n")
