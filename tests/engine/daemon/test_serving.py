"""Where the portal is answered: on a port of its own, with sensors, or nowhere."""

import re
import socket

import pytest

from engine.daemon import serving
from engine.daemon.serving import Site, portal_site
from engine.instance.authority import create_authority
from engine.web.listener import open_port


@pytest.fixture
def sensors(tmp_path):
    one = Site("127.0.0.1", open_port("127.0.0.1", 0))
    yield one
    one.close()


def test_it_is_off(sensors):
    assert portal_site("off", [sensors]) is None


def test_where_sensors_are_unless_it_is_named(sensors):
    assert portal_site(None, [sensors]) is sensors
    assert portal_site(f"127.0.0.1:{sensors.number}", [sensors]) is sensors
    other = portal_site("127.0.0.1:0", [sensors])
    assert other is not sensors
    other.close()


def test_a_port_that_is_taken(sensors, monkeypatch, capsys):
    """Nobody asked for the one that is taken where none is named: the rest goes on."""
    monkeypatch.setattr(serving, "PORT", sensors.number)
    assert portal_site(None, []) is None
    assert "name another port with --portal" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        portal_site(f"127.0.0.1:{sensors.number}", [])
    with pytest.raises(SystemExit):
        portal_site("127.0.0.1:x", [])
    assert "`x` is no port" in capsys.readouterr().err


def test_an_instance_of_its_own(tmp_path):
    first = serving.authority_of(None, tmp_path / "a.duckdb")
    assert (
        serving.authority_of(None, tmp_path / "a.duckdb").certificate_pem == first.certificate_pem
    )
    named = create_authority(tmp_path / "named", [])
    found = serving.authority_of(tmp_path / "named", tmp_path / "a.duckdb")
    assert found.certificate_pem == named.certificate_pem
    with pytest.raises(SystemExit):
        serving.authority_of(tmp_path / "none", tmp_path / "a.duckdb")


def test_the_daemon_says_where(atp_run):
    run = atp_run("--portal", "127.0.0.1:0").begun()
    run.wait(lambda: "the portal is at" in run.err)
    number = int(re.search(r"https://127\.0\.0\.1:(\d+)", run.err)[1])
    with socket.create_connection(("127.0.0.1", number), 5):
        pass
    code, seconds = run.stop()
    assert code == 0
    assert seconds < 10


def test_a_sensor_has_none(atp_run):
    run = atp_run("--role", "sensor", "--portal", "9443")
    assert run.process.wait(30) == 2
    assert "--portal belongs to the engine" in run.err
