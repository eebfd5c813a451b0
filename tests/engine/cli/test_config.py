"""config: what is wrong with a file, and what is in force."""

import json
import tomllib


def test_a_sound_file(atp, tmp_path):
    (tmp_path / "atp.toml").write_text('store = "a.duckdb"\nbuffer = 64\n')
    done = atp("config", "check", "atp.toml")
    assert (done.code, done.out, done.err) == (0, "2 options, no errors\n", "")


def test_faults(atp, tmp_path):
    (tmp_path / "atp.toml").write_text('stoer = "a.duckdb"\n')
    done = atp("config", "check", "atp.toml")
    assert (done.code, done.out) == (1, "")
    assert " --> atp.toml:1:1\n" in done.err
    assert "= hint: did you mean `store`?" in done.err
    (fault,) = map(
        json.loads, atp("config", "check", "atp.toml", "--format", "json").out.splitlines()
    )
    assert (fault["code"], fault["line"]) == ("D0604", 1)
    assert atp("config", "show", "atp.toml").code == 1


def test_what_is_in_force(atp, tmp_path):
    (tmp_path / "atp.toml").write_text('# mine\nbuffer = 64\nsync = ["ldaps://a:b@dc1"]\n')
    done = atp("config", "show", "atp.toml")
    assert "buffer = 64  # atp.toml:2\n" in done.out
    assert 'sync = ["ldaps://***@dc1"]  # atp.toml:3\n' in done.out
    assert 'store = "atp.duckdb"  # default\n' in done.out
    assert "# watch is not set\n" in done.out
    assert tomllib.loads(done.out)["probe-rate"] == 20
    lines = [
        json.loads(line)
        for line in atp("config", "show", "atp.toml", "--format", "json").out.splitlines()
    ]
    assert {"key": "buffer", "value": 64, "from": "atp.toml:2"} in lines
    assert {"key": "watch", "value": [], "from": "default"} in lines


def test_no_file(atp):
    done = atp("config", "check", "none.toml")
    assert (done.code, done.out) == (2, "")
