"""A configuration file gives options their values, or says at which place it is wrong."""

import click
import pytest

from engine.cli.existing import Existing
from engine.configuration.file import keys, read_configuration, shown
from engine.daemon.main import main as atp_run


@pytest.fixture
def read(tmp_path):
    def go(text, options=atp_run.params):
        path = tmp_path / "atp.toml"
        path.write_text(text)
        found, faults = read_configuration(path, options)
        return found, [(f.code, f.span.line, f.span.column, f.hint) for f in faults]

    return go


def test_values_and_places(read, tmp_path):
    (tmp_path / "in").mkdir()
    found, faults = read(
        'watch = "in"\nstore = "a.duckdb"\nquiet = true\nprobe-rate = 5\nbuffer = 64\n'
        'syslog = ["udp", "tcp:1514"]\n'
    )
    assert faults == []
    assert found.values == {
        "folders": [str(tmp_path / "in")], "store_path": str(tmp_path / "a.duckdb"), "quiet": True,
        "probe_rate": 5.0, "buffer_mb": 64, "syslog_places": ["udp", "tcp:1514"],
    }  # fmt: skip
    assert found.places["buffer_mb"].line == 5


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("wach = []", ("D0604", 1, 1, "did you mean `watch`?")),
        ("json_tokens = 'x'", ("D0604", 1, 1, "did you mean `json-tokens`?")),
        ("config = 'x'", ("D0604", 1, 1, None)),
        ("watch = ['none']", ("D0607", 1, 10, "")),
        ("quiet = 1", ("D0606", 1, 9, "")),
        ("\nbuffer = 1", ("D0607", 2, 10, "")),
        ("buffer = '64'", ("D0606", 1, 10, "")),
        ("probe-rate = true", ("D0606", 1, 14, "")),
        ("probe-rate = 0.01", ("D0607", 1, 14, "")),
        ("sync-user = 7", ("D0606", 1, 13, "put it in quotes")),
        ("syslog = ['udp', 5]", ("D0606", 1, 18, "")),
    ],
)
def test_faults_in_their_places(read, text, fault):
    found, faults = read(text)
    assert found is None
    (told,) = faults
    assert told[:3] == fault[:3]
    assert fault[3] in (None, told[3])


def test_every_option_of_the_daemon_can_stand_in_a_file():
    options = {o for p in atp_run.params for o in p.opts if o.startswith("--")}
    assert {f"--{k}" for k in keys(atp_run.params)} == options - {"--config", "--help", "--version"}


def test_words_and_folders(read, tmp_path):
    (tmp_path / "f").touch()
    role = click.Option(["--role"], type=click.Choice(["engine", "sensor"]))
    folder = click.Option(["--folder"], type=Existing(file=False))
    assert read("role = 'engin'", [role])[1] == [("D0607", 1, 8, "did you mean `engine`?")]
    assert read("role = 'engine'", [role])[0].values == {"role": "engine"}
    assert read("folder = 'f'", [folder])[1] == [("D0607", 1, 10, "")]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("http://me:secret@proxy:80", "http://***@proxy:80"),
        (["ldaps://dc1", "https://a@b"], ["ldaps://dc1", "https://***@b"]),
        ("a@corp.test", "a@corp.test"),
        (5, 5),
    ],
)
def test_passwords_are_not_shown(value, told):
    assert shown(value) == told
