"""coverage: what detections need, and what recordings hold of it."""

import json

BLIND = {"dns_query where qtype == axfr": "vpn_session where phase == start",
         "asked: query": "asked: session", "dns_query: {query: a}": "vpn_session: {session: a}"}  # fmt: skip


def test_what_is_needed(atp, rule):
    done = atp("coverage", "--detections", rule())
    assert (done.code, done.out) == (0, "zone_transfers: dns_query\n")


def test_what_is_there(atp, rule, capture):
    done = atp("coverage", capture, "--detections", rule())
    assert done.code == 0
    assert done.out.startswith("seen   zone_transfers: dns_query ")
    assert "1 seen, 0 partly, 0 blind" in done.out


def test_what_is_missing(atp, rule, capture):
    done = atp("coverage", capture, "--detections", rule(**BLIND), "--format", "json")
    assert done.code == 1
    row = json.loads(done.out)
    assert row == {
        "detection": "zone_transfers", "types": {"vpn_session": 0}, "state": "blind",
    }  # fmt: skip


def test_a_database(atp, rule, database):
    args = ("coverage", "--database", database, "--detections", rule())
    done = atp(*args)
    assert done.code == 0
    assert done.out.startswith("seen   zone_transfers: dns_query ")
    done = atp(*args, "--from", "2026-11-25", "--to", "2026-11-30")
    first, sensor, last = done.out.splitlines()
    assert done.code == 1
    assert first.startswith("blind  zone_transfers: dns_query silent since 2026-11-22T")
    assert sensor.startswith("the sensor file:small.pcap is silent since 2026-11-22T")
    assert last == "0 seen, 0 partly, 1 blind (0 events)"
    done = atp(*args, "--from", "2026-11-25", "--to", "2026-11-30", "--format", "json")
    (row,) = map(json.loads, done.out.splitlines())
    assert (row["state"], list(row["silent_since"])) == ("blind", ["dns_query"])


def test_what_it_refuses(atp, rule, capture, database):
    done = atp("coverage", capture, "--database", database, "--detections", rule())
    assert (done.code, done.out) == (2, "")
    done = atp("coverage", "--last", "1d", "--detections", rule())
    assert (done.code, "a period is of a database" in done.err) == (2, True)
