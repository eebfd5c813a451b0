"""sensors: listed as they stand, revoked; enrolment says what is wrong."""

import json
import socket

import pytest

from engine.instance.registry import Registry, Sensor


@pytest.fixture
def registry(atp, tmp_path):
    atp("instance", "create", "i")
    opened = Registry(tmp_path / "i" / "sensors.sqlite")
    yield opened
    opened.close()


def test_list_and_revoke(atp, registry):
    assert atp("sensors", "list", "--instance", "i").out == "no sensor is enrolled\n"
    for name in ("dc1", "dc2"):
        registry.add(name, name, "cert", "10.0.0.1", "0.1")
    stands = Sensor(
        "dc1", "dc1", 0, "cert", address="10.0.0.1", release="0.1", skew=90_000_000, waiting=3,
        waiting_bytes=5 << 20, events=7, dropped={"dns_query": 2}, unknown={"x": 1},
    )  # fmt: skip
    registry.seen(stands)
    first, second = atp("sensors", "list", "--instance", "i").out.splitlines()
    assert first.startswith("dc1: seen ")
    assert first.endswith(
        " ago from 10.0.0.1, 7 events, release 0.1, clock off by 90 s, 3 batches wait there (5 MB), "
        "2 events dropped there, 1 values not known to this release"
    )
    assert second == "dc2: never seen, 0 events, release 0.1"
    lines = atp("sensors", "list", "--instance", "i", "--format", "json").out.splitlines()
    told = json.loads(lines[0])
    assert (told["name"], told["skew"], told["dropped"]) == ("dc1", 90_000_000, {"dns_query": 2})
    assert "certificate" not in told
    assert "token" not in told
    assert atp("sensors", "revoke", "dc2", "--instance", "i").code == 0
    assert atp("sensors", "list", "--instance", "i").out.splitlines()[1].startswith("dc2: revoked")
    done = atp("sensors", "revoke", "dc3", "--instance", "i")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: there is no sensor `dc3`")


def test_no_instance(atp, tmp_path):
    (tmp_path / "x").mkdir()
    done = atp("sensors", "list", "--instance", "x")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: x is no instance")


def test_nobody_to_enrol_with(atp, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
    (tmp_path / "key").write_text("k\n")
    given = ("--fingerprint", "00", "--access-key-file", "key", "--proxy", "")
    done = atp("sensors", "enrol", "--engine", url, *given)
    assert done.code == 2
    assert "Connection refused" in done.err
    assert not (tmp_path / "atp-sensor").exists()
    done = atp("sensors", "enrol", "--engine", "engine:1:2", *given)
    assert done.code == 2
    assert "is no address" in done.err
