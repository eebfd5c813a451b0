"""Sensors, their access key, and shutting one out."""

import re


def test_sensors(house, browser):
    one = browser("administrator")
    assert "No sensor is enrolled" in one.get("/sensors").text
    key = re.search(r"<p><code>([^<]+)</code>", one.post("/sensors/key").text)[1]
    assert house.registry.is_access_key(key)
    house.registry.add("dc1", "dc1", "F" * 64, "10.0.0.1", "1.0")
    assert "dc1" in one.get("/sensors").text
    assert "revoked" in one.post("/sensors/revoke", {"name": "dc1"}).text
    assert one.post("/sensors/revoke", {"name": "dc2"}).status_code == 409
    audited = one.get("/audit").text
    assert "revoke" in audited
    assert key not in audited
