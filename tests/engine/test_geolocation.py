"""Geolocation: small databases made here, what they tell of a session, and files that are replaced."""

import ipaddress

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from dsl.schema.radius import VpnSession
from engine import geolocation
from engine.entities import Directory
from engine.geolocation import Geolocation, GeolocationError
from engine.ingest import Ingest

BERLIN = {"country": {"iso_code": "DE"}, "location": {"latitude": 52.5244, "longitude": 13.4105}}
YORK = {"registered_country": {"iso_code": "US"}, "location": {"latitude": 40.7, "longitude": -74.0}}  # fmt: skip


def write(path, rows, kind="GeoLite2-City"):
    writer = MMDBWriter(ip_version=6, database_type=kind, ipv4_compatible=True)
    for network, row in rows.items():
        writer.insert_network(IPSet([str(ipaddress.ip_network(network))]), row)
    writer.to_db_file(str(path))
    return path


@pytest.fixture
def places(tmp_path):
    return write(tmp_path / "city.mmdb", {"203.0.113.0/24": BERLIN, "2001:db8::/32": YORK})


@pytest.fixture
def networks(tmp_path):
    rows = {"203.0.113.0/25": {"autonomous_system_number": 64500}}
    return write(tmp_path / "asn.mmdb", rows, "GeoLite2-ASN")


def told(databases, **fields):
    event = VpnSession(ts=0, **fields)
    databases.fill(event)
    return event.country, event.asn, event.location


@pytest.mark.parametrize(
    ("ip", "found"),
    [
        ("203.0.113.7", ("DE", 64500, "52.5244,13.4105")),
        ("203.0.113.200", ("DE", None, "52.5244,13.4105")),
        ("2001:db8::7", ("US", None, "40.7,-74")),
        ("10.0.0.1", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_what_two_databases_know(places, networks, ip, found):
    assert told(Geolocation([places, networks]), src_ip=ip) == found


def test_what_is_told_stays(places, networks):
    known = {"src_ip": "203.0.113.7", "country": "FR", "asn": 1, "location": "1,2"}
    assert told(Geolocation([places, networks]), **known) == ("FR", 1, "1,2")


def test_words_name_the_database_and_its_day(places):
    (words,) = Geolocation([places]).words()
    assert words.startswith("GeoLite2-City of 20")


def test_what_is_no_database(tmp_path):
    path = tmp_path / "x.mmdb"
    with pytest.raises(GeolocationError, match="No such file"):
        Geolocation([path])
    path.write_text("text")
    with pytest.raises(GeolocationError, match="no MaxMind database"):
        Geolocation([path])


def test_a_replaced_file_is_read_anew_and_a_broken_one_is_not(monkeypatch, places):
    monkeypatch.setattr(geolocation, "_LOOK_S", 0.0)
    databases = Geolocation([places])
    places.write_text("broken")
    assert told(databases, src_ip="203.0.113.7")[0] == "DE"
    assert "stays in use" in databases.complaints()[0]
    write(places, {"203.0.113.0/24": YORK})
    assert told(databases, src_ip="203.0.113.7")[0] == "US"
    assert databases.complaints() == []


def test_sessions_are_placed_as_they_come_in(places, networks):
    ingest = Ingest(Directory(), geolocation=Geolocation([places, networks]))
    session = VpnSession(ts=1, sensor="s", seq=1, phase="start", src_ip="203.0.113.7", account="a")
    (event,) = ingest.take([session])
    assert (event.country, event.asn, event.location) == ("DE", 64500, "52.5244,13.4105")
    assert session.country is None
