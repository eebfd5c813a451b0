"""What the directory of a test knows."""

import pytest

from dsl.given_events import BASE

GIVEN = "given:\n  - {kerberos_as: {account: a}}\nexpect: []"
HOUR = 3_600_000_000


def objects(rule_test, *entries):
    lines = "".join(f"  - {entry}\n" for entry in entries)
    return rule_test(f"directory:\n{lines}{GIVEN}").directory


def test_accounts(rule_test):
    (account,) = objects(
        rule_test,
        "{account: alice, uac: [dont_req_preauth], tags: [sensitive], created: -2h, admin: true, "
        "host: ws1, spns: [http/a], changed: {servicePrincipalName: -1h}, rid: 500}",
    )
    assert (account.kind, account.name) == ("account", "alice")
    assert account.attributes == {
        "uac": ("dont_req_preauth",), "tags": ("sensitive",), "created": BASE - 2 * HOUR, "admin": True,
        "host": "ws1", "rid": 500,
    }  # fmt: skip
    assert (account.spns, account.changed) == (
        ("http/a",), (("servicePrincipalName", BASE - HOUR),),
    )  # fmt: skip


def test_other_kinds(rule_test):
    host, group, domain, address = objects(
        rule_test,
        "{host: DC1, tags: [dc], addresses: [10.0.0.1], role: [domain_controller], since: -1h, until: 2h}",
        "{group: Domain Admins, sensitive: true, members: [alice, bob]}",
        "{domain: corp.test, netbios: CORP, ticket_lifetime: 10h}",
        "{ip: 10.0.0.9, host: ws9, certainty: high}",
    )
    assert (host.addresses, host.valid_from, host.valid_to) == (
        ("10.0.0.1",), BASE - HOUR, BASE + 2 * HOUR,
    )  # fmt: skip
    assert (group.members, group.valid_from) == (("alice", "bob"), None)
    assert domain.attributes["ticket_lifetime"] == 10 * HOUR
    assert (address.kind, address.name, address.attributes["host"]) == (
        "address",
        "10.0.0.9",
        "ws9",
    )


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{user: alice}", "D0713"),
        ("{host: a, tag: [dc]}", "D0713"),
        ("{host: a, uac: [lockout]}", "D0713"),
        ("{account: a, uac: [no_preauth]}", "D0704"),
        ("{account: a, tags: dc}", "D0703"),
        ("{account: a, sid: S-1}", "D0703"),
        ("{account: a, created: monday}", "D0703"),
        ("{account: 7}", "D0606"),
        ("{group: a, members: [7]}", "D0606"),
    ],
)
def test_faults(told, entry, code):
    assert [c for c, _ in told(f"directory:\n  - {entry}\n{GIVEN}", "test")] == [code]
