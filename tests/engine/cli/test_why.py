"""explain --why and --why-not: clause by clause over one event of a file."""

import json

import pytest


@pytest.fixture
def seqs(atp, capture):
    """seq of an event of a type that a text occurs in."""

    def find(kind, text):
        done = atp("decode", capture, "--format", "json", "--type", kind)
        return next(json.loads(r)["seq"] for r in done.out.splitlines() if text in r)

    return find


def test_an_event_that_alerts(atp, capture, rule, seqs):
    place = f"{capture}:{seqs('dns_query', 'axfr')}"
    done = atp("explain", rule(), "--why", place)
    assert (done.code, done.out) == (0, "yes a: a row\nyes alert a: a row\n")
    assert atp("explain", rule(), "--why-not", place).out == ""


def test_the_first_condition_that_is_false(atp, capture, rule, seqs):
    place = f"{capture}:{seqs('dns_query', 'qtype')}"
    two = rule(**{"qtype == axfr": "transport == udp and not qtype == srv and qtype == axfr"})
    done = atp("explain", two, "--why-not", place)
    assert done.code == 0
    line = done.out.removesuffix("\n")
    assert line.startswith("no  a: `")
    assert "is not true  (rules/discovery/zone_transfers.yaml:" in line


@pytest.mark.parametrize(
    ("ready", "said"),
    [
        ("age >= 2h", "no  a: `u.ready` is not true  (rules/discovery/zone_transfers.yaml:15)\n"),
        ("n == 0", "yes a: a row\n      u.n = 0\n      u.ready = true\nyes alert a: a row\n"),
    ],
)
def test_a_profile_has_no_rows_but_may_not_be_ready(atp, capture, rule, seqs, ready, said):
    place = f"{capture}:{seqs('dns_query', 'axfr')}"
    block = f"""u = profile of dns_query by source bucket 1h over 1d learn n := count() ready {ready}
  a = match dns_query where qtype == axfr and u.n == 0"""
    asks = rule(**{"a = match dns_query where qtype == axfr": block})
    assert atp("explain", asks, "--why", place).out.startswith(said)


def test_what_profiles_told(atp, capture, rule, seqs):
    place = f"{capture}:{seqs('dns_query', 'axfr')}"
    block = """usual = profile of dns_query by source bucket 1h over 30d learn n := count(), types := set(qtype)
  a = match dns_query where qtype == axfr and usual.n < 1000000 and not qtype in usual.types"""
    asking = rule(**{"a = match dns_query where qtype == axfr": block})
    done = atp("explain", asking, "--why", place)
    assert done.code == 0, done.err
    first, *told, last = done.out.splitlines()
    assert (first, last) == ("yes a: a row", "yes alert a: a row")
    assert [line.split(" = ")[0].strip() for line in told] == ["usual.n", "usual.types"]


def test_an_event_of_another_type(atp, capture, rule, seqs):
    place = f"{capture}:{seqs('kerberos_as', 'realm')}"
    done = atp("explain", rule(), "--why", place)
    assert done.out == "zone_transfers does not read kerberos_as: it reads dns_query\n"


@pytest.mark.parametrize(
    ("place", "said"),
    [("nothing", "is not FILE:SEQ"), ("nothing.pcap:3", "there is no file"), ("{}:99999999", "has no event")],
)  # fmt: skip
def test_what_cannot_be_found(atp, capture, rule, place, said):
    done = atp("explain", rule(), "--why", place.format(capture))
    assert done.code == 2
    assert said in done.err
