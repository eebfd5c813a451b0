"""The registry of sensors: names once, tokens and certificates together, how each stands."""

import pytest

from engine.instance.registry import Registry, RegistryError, Sensor

DAY = 86_400_000_000


@pytest.fixture
def registry(tmp_path):
    opened = Registry(tmp_path / "sensors.sqlite")
    yield opened
    opened.close()


def test_a_name_is_given_once(registry):
    asked = ["DC1.corp.test", "dc1.corp.test", "a b/c", "", "..", "x" * 300]
    names = []
    for name in asked:
        names.append(registry.free_name(name))
        registry.add(names[-1], name, "cert", "", "")
    assert names == ["dc1.corp.test", "dc1.corp.test~2", "a-b-c", "sensor", "sensor~2", "x" * 60]
    registry.revoke("a-b-c")
    assert registry.free_name("a-b-c") == "a-b-c~2"


def test_token_and_certificate(registry):
    token, other = (registry.add(n, n, f"cert of {n}", "", "") for n in ("dc1.a", "dc2"))
    assert registry.known_by(token, "cert of dc1.a").name == "dc1.a"
    for wrong in (("", "cert of dc1.a"), (token, ""), (token, "cert of dc2"), (other, "cert of dc1.a"), (token + "x", "cert of dc1.a")):  # fmt: skip
        assert registry.known_by(*wrong) is None
    registry.revoke("dc1.a")
    assert registry.known_by(token, "cert of dc1.a") is None
    with pytest.raises(RegistryError, match="no sensor `dc3`"):
        registry.revoke("dc3")


def test_the_access_key(registry):
    assert not registry.is_access_key("")
    first = registry.new_access_key()
    assert registry.is_access_key(first)
    second = registry.new_access_key()
    assert not registry.is_access_key(first)
    assert registry.is_access_key(second)


def test_secrets_are_not_on_disk(registry, tmp_path):
    key, token = registry.new_access_key(), registry.add("a", "a", "c", "", "")
    registry.close()
    data = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert key.encode() not in data
    assert token.partition(".")[2].encode() not in data


def test_how_a_sensor_stands(registry):
    registry.add("a", "a", "c", "10.0.0.1", "0.1")
    for events in (5, 7):
        registry.seen(
            Sensor("a", "a", 0, "c", skew=-3, waiting=2, events=events, dropped={"x": 1}, unknown={"y": 2})
        )  # fmt: skip
    (sensor,) = registry.sensors()
    assert (sensor.events, sensor.skew, sensor.waiting) == (12, -3, 2)
    assert (sensor.dropped, sensor.unknown) == ({"x": 1}, {"y": 4})
    assert sensor.seen is not None


def test_an_instance_without_sensors(registry):
    registry.add("a", "a", "c", "", "")
    (sensor,) = registry.sensors()
    assert not registry.marked_for_deletion(sensor.enrolled + 60 * DAY)
    assert registry.marked_for_deletion(sensor.enrolled + 60 * DAY + 1_000_000)


def test_another_process_sees_what_is_changed(registry, tmp_path):
    token = registry.add("a", "a", "c", "", "")
    other = Registry(tmp_path / "sensors.sqlite")
    assert other.known_by(token, "c") is not None
    registry.revoke("a")
    assert other.known_by(token, "c") is None
    other.close()


def test_what_is_no_registry(tmp_path):
    (tmp_path / "x").write_bytes(b"no database" * 100)
    with pytest.raises(RegistryError):
        Registry(tmp_path / "x")
