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
