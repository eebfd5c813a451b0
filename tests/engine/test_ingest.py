"""Ingest: repeats dropped, names resolved once, the counted witness stamped."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.given_directory import DirectoryObject
from dsl.schema.directory import AccountChange, DirectoryChange, GroupChange
from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs, KerberosTgs
from dsl.schema.ldap import LdapSearch
from dsl.schema.ntlm import NtlmAuth
from dsl.schema.rpc import Replication, SamrQuery
from dsl.schema.sensor import HostBinding, SensorHealth
from dsl.schema.windows import Logon
from engine.entities import Directory
from engine.entities_build import declare
from engine.ingest import Ingest
from engine.ingest_seen import Seen

DOMAIN = "corp.lab.test"
DC = f"dc1.{DOMAIN}"


@pytest.fixture
def directory():
    made = Directory()
    declare(
        made,
        [
            DirectoryObject("domain", DOMAIN, {"netbios": "CORP", "sid": "S-1-5-21-1-2-3"}),
            DirectoryObject("host", DC, {"tags": ("dc",)}, addresses=("10.0.0.10",)),
            DirectoryObject("host", f"ws9.{DOMAIN}", {}, addresses=("10.0.0.50",)),
            DirectoryObject("account", f"sql@{DOMAIN}", {"dn": "CN=sql,DC=corp,DC=lab,DC=test"}, spns=("MSSQLSvc/db",)),
        ],
    )  # fmt: skip
    return made


def one(directory, event, **options):
    return Ingest(directory, **options).take([event])[0]


def test_a_wire_event_is_resolved_and_the_callers_stays(directory):
    event = KerberosAs(
        ts=5, via="wire", src_ip="10.0.0.50", dst_ip="10.0.0.10", account_name="Alice", realm="CORP"
    )
    seen = one(directory, event)
    assert (seen.dc, seen.server, seen.dst_is_dc, seen.domain) == (DC, DC, True, DOMAIN)
    assert (seen.source, seen.certainty, seen.resolution) == (f"ws9.{DOMAIN}", "high", "directory")
    assert seen.account == f"alice@{DOMAIN}"
    assert (seen.id, seen.primary) == (1, True)
    assert event.dc is event.id is event.account is None


@pytest.mark.parametrize(
    ("event", "source", "certainty"),
    [
        (NtlmAuth(ts=1, src_ip="10.9.9.9", workstation="WS9"), "ip:10.9.9.9", "none"),
        (NtlmAuth(ts=1, workstation="WS9"), f"ws9.{DOMAIN}", "low"),
        (NtlmAuth(ts=1, workstation="X1"), "name:x1", "low"),
        (Logon(ts=1, source="name:WS9"), f"ws9.{DOMAIN}", "low"),
        (Logon(ts=1, src_ip="::1", dc=DC), DC, "high"),
        (Logon(ts=1), None, None),
        (NtlmAuth(ts=1, src_ip="::ffff:10.0.0.50"), f"ws9.{DOMAIN}", "high"),
    ],
)
def test_sources(directory, event, source, certainty):
    seen = one(directory, event)
    assert (seen.source, seen.certainty) == (source, certainty)


@pytest.mark.parametrize(
    ("account", "dst", "expected"),
    [
        ("CORP\\bob", "10.0.0.10", f"bob@{DOMAIN}"),
        ("WORKGROUP\\bob", "10.0.0.10", f"bob@{DOMAIN}"),
        ("LAPTOP\\bob", "10.0.0.10", f"bob@{DOMAIN}"),
        ("OTHER\\bob", "10.0.0.10", "bob@other"),
        ("bob", "10.0.0.50", "bob@ws9"),
        ("bob", "10.9.9.9", "bob"),
    ],
)
def test_ntlm_accounts_by_where_they_are_checked(directory, account, dst, expected):
    event = NtlmAuth(ts=1, via="wire", dst_ip=dst, account=account, workstation="LAPTOP")
    assert one(directory, event).account == expected


def test_other_fields_of_the_directory(directory):
    def take(event):
        return one(directory, event)

    def service(name):
        event = KerberosTgs(ts=1, dst_ip="10.0.0.10", service=name)
        return take(event).service_account

    assert service("MSSQLSvc/db@CORP.LAB.TEST") == f"sql@{DOMAIN}"
    assert service(f"cifs/{DC}") == f"dc1$@{DOMAIN}"
    assert service("svc-web") == f"svc-web@{DOMAIN}"
    assert service("cifs/unknown.host") is None
    replication = Replication(ts=1, src_ip="10.0.0.66", dst_ip="10.0.0.10", direction="outbound")
    assert take(replication).partner == "ip:10.0.0.66"
    group = GroupChange(
        ts=1, dc=DC, group="CORP\\X|S-1-5-21-1-2-3-512", member="CN=sql,DC=corp,DC=lab,DC=test"
    )
    seen = take(group)
    assert (seen.group, seen.member) == (f"domain admins@{DOMAIN}", f"sql@{DOMAIN}")
    assert (
        take(SamrQuery(ts=1, object_sid="S-1-5-21-1-2-3-512")).object == f"domain admins@{DOMAIN}"
    )


def test_a_host_that_moved():
    ingest = Ingest(Directory())
    machine = {
        "via": "wire",
        "result": "none",
        "outcome": "success",
        "realm": "CORP.LAB.TEST",
        "dst_ip": "10.0.0.10",
    }
    ingest.take([KerberosAs(ts=1, src_ip="10.0.0.5", account_name="A$", **machine)])
    stays = HostBinding(ts=2, ip="10.0.0.5", host=f"a.{DOMAIN}", method="dhcp")
    moves = HostBinding(ts=3, ip="10.0.0.6", host=f"a.{DOMAIN}", method="dhcp")
    assert [e.host_moved for e in ingest.take([stays, moves])] == [False, True]
    leaves = HostBinding(ts=4, ip="10.0.0.6", host=f"a.{DOMAIN}", method="dhcp", until=4)
    assert [e.host_moved for e in ingest.take([leaves])] == [False]


def test_tests_of_rules_keep_their_names(directory):
    event = NtlmAuth(ts=1, account="U3", source="WS9", dc=DC, domain="x")
    seen = one(directory, event, as_written=True)
    assert (seen.account, seen.source, seen.certainty, seen.domain) == ("u3", "ws9", None, "x")
    assert seen.dst_is_dc is True


def test_repeats_are_dropped():
    ingest = Ingest(Directory())
    events = [Logon(ts=i, sensor="s", seq=i) for i in (1, 2, 5)]
    assert len(ingest.take(events)) == 3
    assert [e.seq for e in ingest.take([*events, Logon(ts=3, sensor="s", seq=3)])] == [3]
    assert [e.id for e in ingest.take([Logon(ts=3), Logon(ts=3)])] == [5, 6]
    assert ingest.repeated == 3


@given(st.lists(st.integers(0, 30)))
def test_seen_numbers_are_a_set(numbers):
    seen, plain = Seen(), set()
    for n in numbers:
        assert seen.add("s", n) is (n not in plain)
        plain.add(n)
    ranges = seen.ranges.get("s", [])
    assert {n for a, b in ranges for n in range(a, b + 1)} == plain
    assert all(b + 1 < c for (_, b), (c, _) in itertools.pairwise(ranges))


# --- the counted witness ------------------------------------------------------------------------


def primaries(*events):
    directory = Directory()
    declare(directory, [DirectoryObject("host", DC, {"tags": ("dc",)}, addresses=("10.0.0.10",))])
    return [e.primary for e in Ingest(directory).take(events) if not isinstance(e, SensorHealth)]


def kerberos(via, ts, dc=DC):
    return KerberosAs(ts=ts, via=via, dc=dc, sensor=via)


def ntlm(via, ts, dc=DC, **fields):
    return NtlmAuth(ts=ts, via=via, dc=dc, domain=DOMAIN, sensor=via, **fields)


HOUR = 3_600_000_000


def member(via, ts, group="admins", action="member_added"):
    who = f"alice@{DOMAIN}"
    return GroupChange(
        ts=ts, via=via, sensor=via, group=f"{group}@{DOMAIN}", action=action, member=who
    )


def account(via, ts, action):
    return AccountChange(ts=ts, via=via, sensor=via, account=f"alice@{DOMAIN}", action=action)


def written(via, ts, attribute="department"):
    dn = "CN=alice,DC=corp,DC=lab,DC=test"
    return DirectoryChange(ts=ts, via=via, sensor=via, object=dn, attribute=attribute, op="add")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([kerberos("wire", 1), kerberos("event_4768", 2)], [True, False]),
        ([kerberos("event_4768", 1), kerberos("wire", 2)], [True, True]),
        ([kerberos("event_4768", 1), kerberos("event_4771", 2)], [True, True]),
        ([kerberos("wire", 1), kerberos("event_4768", 2, dc="dc2")], [True, True]),
        ([ntlm("wire", 2), ntlm("event_4776", 1), ntlm("event_8004", 3)], [False, True, False]),
        ([ntlm("wire", 1), ntlm("event_4776", 2)], [True, True]),
        ([ntlm("wire", 2), ntlm("wire", 2, logon_type="network")], [False, True]),
        ([ntlm("wire", 2, dc="ws9"), ntlm("event_4776", 1)], [False, True]),
        ([ntlm("wire", 2, dc="ws9"), ntlm("event_8004", 1)], [True, True]),
        ([GroupChange(ts=1, via="event_4728"), GroupChange(ts=2, via="event_5136")], [True, False]),
        ([member("sync", 2), member("wire", 1)], [False, True]),
        ([member("wire", 1), member("sync", 2)], [True, False]),
        ([member("sync", 2), member("wire", 1, group="others")], [True, True]),
        ([member("sync", 2), member("wire", 1, action="member_removed")], [True, True]),
        ([member("sync", 2 * HOUR), member("wire", 1)], [True, True]),
        (
            [account("sync", 2, "password_changed"), account("event_4724", 1, "password_reset")],
            [False, True],
        ),
        ([written("sync", 2), written("event_5136", 1)], [False, True]),
        ([written("sync", 2), written("event_5136", 1, attribute="title")], [True, True]),
    ],
)
def test_the_best_living_witness_counts(events, expected):
    assert primaries(*events) == expected


def test_a_silent_witness_hands_over_and_takes_back():
    gap = SensorHealth(ts=30, kind="gap", sensor="wire", activity="*", from_ts=10, to_ts=30)
    wire = [kerberos("wire", t) for t in (1, 9, 31)]
    records = [kerberos("event_4768", t) for t in (5, 10, 29, 30)]
    assert primaries(*wire, gap, *records) == [True] * 3 + [False, True, True, False]


def test_what_the_wire_shows_counts_before_zeek():
    ends = {"dst_ip": "10.0.0.1", "query": "a"}
    events = [
        DnsQuery(ts=2, sensor="eth", seq=1, via="wire", **ends),
        DnsQuery(ts=3, sensor="zeek", seq=1, via="zeek", **ends),
        DnsQuery(ts=3, sensor="zeek", seq=2, via="zeek", dst_ip="10.0.0.2", query="b"),
    ]
    assert [e.primary for e in Ingest(Directory()).take(events)] == [True, False, True]


def test_clients_that_are_not_certain_are_asked_for(directory):
    ingest = Ingest(directory)
    ingest.take([
        KerberosAs(ts=1, via="wire", src_ip=ip, dst_ip="10.0.0.10", realm=DOMAIN, account_name=name, outcome="success")
        for ip, name in (("10.0.0.7", "alice"), ("10.0.0.8", "WS8$"), ("10.0.0.6", "bob"), ("10.0.0.7", "bob"))
    ])  # fmt: skip
    assert (ingest.take_unresolved(), ingest.take_unresolved()) == (["10.0.0.7", "10.0.0.6"], [])


def test_a_trace_is_counted_where_nobody_saw_better():
    """What the wire tells of the same controller counts; a client's trace names none, so any wire is better."""
    wire = {"via": "wire", "src_ip": "10.0.0.50", "dst_ip": "10.0.0.10"}
    traced = {"via": "etw", "source": f"ws9.{DOMAIN}"}
    assert primaries(
        Replication(ts=1, seq=1, sensor="t", via="etw", dc=DC, src_ip="10.0.0.50"),
        Replication(ts=2, seq=1, sensor="w", method="DRSGetNCChanges", **wire),
        Replication(ts=3, seq=2, sensor="t", via="etw", dc=DC, src_ip="10.0.0.50"),
        Replication(ts=3, seq=5, sensor="t", via="etw", dc="dc2.corp.lab.test", src_ip="10.0.0.50"),
        LdapSearch(ts=4, seq=3, sensor="t", **traced),
        LdapSearch(ts=5, seq=2, sensor="w", **wire),
        LdapSearch(ts=6, seq=4, sensor="t", **traced),
    ) == [True, True, False, True, True, True, False]
