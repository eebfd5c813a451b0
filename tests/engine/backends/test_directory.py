"""Functions and attributes that ask the directory: as of the row, false or null on what is unknown."""

import pytest

from dsl.schema.derive import ip_bytes
from engine.store import FOREVER

LATER = 1_700_000_100_000_000
"""100 s after the begin of all tests: from here on bob is gone and ws2 is an RODC."""
OBJECTS = (
    # key, kind, name, domain, sid, domain_sid, rid, uac, tags, etypes, host, flags, from, to
    ("dc1.x.test", "host", "DC1$", ["dc", "nat"], {}, 0, FOREVER),
    ("ws1.x.test", "host", "WS1$", [], {"os_build": "10.0 (19045)"}, 0, FOREVER),
    ("ws2.x.test", "host", "WS2$", ["rodc"], {}, LATER, FOREVER),
    ("dc1$@x.test", "account", "DC1$", ["dc"], {"computer": True, "host": "dc1.x.test"}, 0, FOREVER),
    ("alice@x.test", "account", "Alice", [], {"sid": "S-1-5-21-1-2-3-1105", "domain_sid": "S-1-5-21-1-2-3",
     "admin": True, "uac": ["not_delegated"], "created": 1_700_000_000_000_000 - 5, "silo": "t0"}, 0, FOREVER),
    ("bob@x.test", "account", "bob", ["honeytoken"], {}, 0, LATER),
    ("bob@x.test", "account", "bob", ["honeytoken"], {"deleted": LATER}, LATER, FOREVER),
    ("svc$@x.test", "account", "svc$", [], {"computer": True, "host": "ws1.x.test", "silo": "t0"}, 0, FOREVER),
    ("admins@x.test", "group", "Domain Admins", ["sensitive"], {"rid": 512, "domain_sid": "S-1-5-21-1-2-3"}, 0, FOREVER),
    ("protected@x.test", "group", "Protected Users", [], {"rid": 525, "domain_sid": "S-1-5-21-1-2-3"}, 0, FOREVER),
)  # fmt: skip


@pytest.fixture
def directory(store):
    run = store.connection.execute
    for key, kind, name, tags, more, since, until in OBJECTS:
        given = {"key": key, "kind": kind, "name": name, "domain": "x.test", "tags": tags}
        given |= more | {"valid_from": since, "valid_to": until}
        run(
            f"INSERT INTO dir_object ({', '.join(given)}) VALUES ({', '.join('?' * len(given))})",
            list(given.values()),
        )
    run("INSERT INTO dir_domain VALUES ('x.test', 'X', 'S-1-5-21-1-2-3', 36000000000)")
    run(
        "INSERT INTO dir_member VALUES ('admins@x.test', 'alice@x.test', 0, ?), "
        "('protected@x.test', 'alice@x.test', ?, ?)",
        [FOREVER, LATER, FOREVER],
    )
    run("INSERT INTO dir_change VALUES ('alice@x.test', 'sAMAccountName', ?)", [LATER - 50_000_000])
    for ip, host in (
        ("10.0.0.1", "ws1.x.test"),
        ("10.0.0.2", "ws1.x.test"),
        ("10.0.0.9", "dc1.x.test"),
    ):
        run(
            "INSERT INTO dir_address VALUES (?, ?, 0, ?, 'high', 'dhcp')",
            [ip_bytes(ip), host, FOREVER],
        )
    run(
        "INSERT INTO dir_address VALUES (?, 'ws2.x.test', 0, ?, 'high', 'dhcp')",
        [ip_bytes("10.0.0.9"), FOREVER],
    )
    run(
        "INSERT INTO list_entry VALUES ('tag:vpn_pool', 'ip', '10.9.0.0/16', ?, ?, 0, ?)",
        [ip_bytes("10.9.0.0"), ip_bytes("10.9.255.255"), FOREVER],
    )
    run("DELETE FROM coverage WHERE type = 'logon'")
    run("INSERT INTO coverage VALUES ('x.test', 'logon', ?, ?)", [LATER - 60_000_000, FOREVER])
    return store


NULLS = {"source": None, "account": None, "src_ip": None, "workstation": None}
ALICE = {"source": "ws1.x.test", "account": "alice@x.test", "src_ip": "10.0.0.1"}
BOB = {"source": "ws2.x.test", "account": "bob@x.test", "src_ip": "10.9.1.1"}
DC = {"source": "dc1.x.test", "account": "dc1$@x.test", "src_ip": "10.0.0.9"}
NOBODY = {"source": "ip:10.7.7.7", "account": "nobody", "src_ip": "10.7.7.7"}


@pytest.mark.parametrize(
    ("expression", "at", "event", "value"),
    [
        ("is_dc(source)", 0, DC, True),
        ("is_dc(account)", 0, DC, True),
        ("is_dc(source)", 0, ALICE, False),
        ("is_dc(source)", 0, NULLS, False),
        ("not is_dc(source)", 0, NULLS, True),
        ("is_dc(source)", 0, BOB, False),
        ("is_dc(source)", 101, BOB, True),
        ("is_rodc(source)", 100, BOB, True),
        ("is_rodc(source)", 99, BOB, False),
        ("is_admin(account)", 0, ALICE, True),
        ("is_admin(account)", 0, NOBODY, False),
        ("is_computer(account)", 0, DC, True),
        ("is_honeytoken(account)", 0, BOB, True),
        ("exists(account)", 0, BOB, True),
        ("exists(account)", 100, BOB, False),
        ("exists(account)", 0, NOBODY, False),
        ("exists(account)", 0, NULLS, None),
        ("deleted_within(account, 10s)", 105, BOB, True),
        ("deleted_within(account, 10s)", 111, BOB, False),
        ("deleted_within(account, 10s)", 99, BOB, False),
        ("renamed_within(account, 10s)", 55, ALICE, True),
        ("renamed_within(account, 10s)", 61, ALICE, False),
        ("renamed_within(account, 10s)", 49, ALICE, False),
        ('changed_within(account, "samaccountname", 10s)', 60, ALICE, True),
        ('member_of(account, "domain admins")', 0, ALICE, True),
        ('member_of(account, "domain admins")', 0, NULLS, False),
        ("exists(workstation)", 0, {"workstation": "X\\ALICE"}, True),
        ("exists(workstation)", 0, {"workstation": "Y\\ALICE"}, False),
        ("exists(workstation)", 0, {"workstation": "alice"}, True),
        ("account_of(workstation)", 0, {"workstation": "Alice@X.test"}, "alice@x.test"),
        ("account_of(workstation)", 0, {"workstation": "s-1-5-21-1-2-3-1105"}, "alice@x.test"),
        ("host_named(workstation)", 0, {"workstation": "WS1"}, "ws1.x.test"),
        ("exists_host(workstation)", 0, {"workstation": "WS9"}, False),
        ("host_of_account(account)", 0, DC, "dc1.x.test"),
        ("host_of_account(account).tags", 0, DC, ["dc", "nat"]),
        ("host_of(src_ip)", 0, ALICE, "ws1.x.test"),
        ("host_of(src_ip)", 0, NOBODY, None),
        ("rid_group(account, 512)", 0, ALICE, "admins@x.test"),
        ("rid_group(account, 512).sensitive", 0, ALICE, True),
        ("is_sensitive(rid_group(account, 512))", 0, ALICE, True),
        ("is_nat(src_ip)", 0, DC, True),
        ("is_nat(src_ip)", 0, ALICE, False),
        ("in_vpn_pool(src_ip)", 0, BOB, True),
        ("in_vpn_pool(src_ip)", 0, NULLS, False),
        ("same_machine(src_ip, dst_ip)", 0, ALICE | {"dst_ip": "10.0.0.2"}, True),
        ("same_machine(src_ip, dst_ip)", 0, ALICE | {"dst_ip": "10.0.0.9"}, False),
        ("same_machine(src_ip, dst_ip)", 0, ALICE, None),
        ("is_foreign(workstation)", 0, {"workstation": "X.TEST"}, False),
        ("is_foreign(workstation)", 0, {"workstation": "x"}, False),
        ("is_foreign(workstation)", 0, {"workstation": "other"}, True),
        ("is_foreign(workstation)", 0, NULLS, False),
        ("is_internal_zone(registered_domain(workstation))", 0, {"workstation": "a.b.x.test"}, True),
        ("is_internal_zone(workstation)", 0, {"workstation": "example.com"}, False),
        ("ticket_lifetime(account)", 0, ALICE, 36_000_000_000),
        ("ticket_lifetime(account)", 100, ALICE, 14_400_000_000),
        ("ticket_lifetime(account)", 0, NOBODY, None),
        ("cannot_delegate(account)", 0, ALICE, True),
        ("cannot_delegate(account)", 0, BOB, False),
        ("cannot_delegate(account)", 0, NOBODY, None),
        ("silo_hosts(account.silo)", 0, ALICE, ["ws1.x.test"]),
        ("source in silo_hosts(account.silo)", 0, ALICE, True),
        ("account.uac has not_delegated", 0, ALICE, True),
        ("account.age", 1, ALICE, 1_000_005),
        ("account.name", 0, ALICE, "Alice"),
        ("account.name", 0, NOBODY, None),
        ("source.os_build", 0, ALICE, "10.0 (19045)"),
        ('population("account", "X.test", ts)', 0, ALICE, 4),
        ('population("account", "x.test", ts)', 100, ALICE, 3),
        ('population("account", "y", ts)', 0, ALICE, 0),
        ('has_coverage("logon", 10s)', 50, ALICE | {"domain": "x.test"}, True),
        ('has_coverage("logon", 10s)', 49, ALICE | {"domain": "x.test"}, False),
        ('has_coverage("logon", 10s)', 50, ALICE | {"domain": "y"}, False),
        ('has_coverage("dns_query", 10s)', 50, ALICE, True),
    ],
)  # fmt: skip
def test_as_of_the_row(directory, put, rows, expression, at, event, value):
    put((at, "ntlm_auth", event))
    (row,) = rows(f"""\
a = match ntlm_auth let v := {expression}
alert a as (v: v) dedup 1h by v""")
    assert row.roles["v"] == value


def test_honeytokens_of_a_list(directory, put, rows):
    block = """\
alert ldap_search as (who: honeytokens(filter_accounts), any: is_honeytoken(filter_accounts)) dedup 1h by base"""
    put(
        (0, "ldap_search", {"filter_accounts": ["alice@x.test", "bob@x.test"]}),
        (1, "ldap_search", {"filter_accounts": []}),
        (2, "ldap_search", {}),
    )
    found = [(r.roles["who"], r.roles["any"]) for r in rows(block)]
    assert found == [(["bob@x.test"], True), ([], False), (None, False)]


def test_the_directory_is_asked_at_the_time_of_each_side(directory, put, rows):
    put((10, "ntlm_auth", BOB), (110, "logon", BOB), (120, "logon", BOB))
    pair = "s = sequence by account within 1h: ntlm_auth as a then logon as b where {}\n"
    alert = "alert s as (a: a.account) dedup 1h by a"
    assert len(rows(pair.format("exists(a.account)") + alert)) == 0
    assert len(rows(pair.format("not exists(a.account) and a.source == b.source") + alert)) == 2


def test_one_object_is_joined_once(directory, put, rows, store):
    put((0, "ntlm_auth", ALICE))
    found = rows("""\
a = match ntlm_auth where is_admin(account) and not is_honeytoken(account) and account.uac has not_delegated
  and not is_dc(source) and source.os_build startswith "10"
alert a as (name: account.name, silo: account.silo) dedup 1h by name""")
    assert [r.roles for r in found] == [{"name": "Alice", "silo": "t0"}]
