"""Entries of `given` become events."""

import pytest

from dsl.given_events import BASE, natural_via
from dsl.schema.registry import event_types

SECOND = 1_000_000


def events(rule_test, text):
    return rule_test(f"given:\n{text}expect: []").events


def test_one_event(rule_test):
    (event,) = events(rule_test, '  - {at: 5m, kerberos_as: {account: alice, ticket_hash: "0a"}}\n')
    assert (event.ts - BASE, event.account, event.ticket_hash) == (300 * SECOND, "alice", b"\n")
    assert (event.primary, event.via, event.id) == (True, "wire", None)


def test_repetition_and_templates(rule_test):
    text = (
        '  - {at: 1m, every: 20s, for: 4, ntlm_auth: {account: "u{{i}}", workstation: "w{{ i % 2 }}", '
        'src_port: "{{i + 1000}}", av_flags: [], fingerprint: "{{i//2}}{{i*3}}{{i-1}}"}}\n'
    )
    found = events(rule_test, text)
    assert [(e.ts - BASE) // SECOND for e in found] == [60, 80, 100, 120]
    assert [(e.account, e.workstation, e.src_port) for e in found[:2]] == [
        ("u0", "w0", 1000), ("u1", "w1", 1001),
    ]  # fmt: skip
    assert found[3].fingerprint == "192"


def test_several_types_in_an_entry_and_order(rule_test):
    text = (
        "  - {at: 2s, dns_query: {query: a}}\n"
        "  - {every: 1s, for: 3, kerberos_as: {account: a}, kerberos_tgs: {account: b}}\n"
    )
    found = events(rule_test, text)
    assert [type(e).__name__ for e in found] == [
        "KerberosAs", "KerberosTgs", "KerberosAs", "KerberosTgs", "DnsQuery", "KerberosAs", "KerberosTgs",
    ]  # fmt: skip
    assert [e.seq for e in found] == list(range(7))
    assert len({e.sensor for e in found}) == 1


def test_witnesses(rule_test):
    text = (
        "  - {logon: {account: a}}\n  - {vpn_session: {account: a}}\n"
        "  - {kerberos_as: {via: event_4768, primary: false}}\n"
    )
    assert [(e.via, e.primary) for e in events(rule_test, text)] == [
        ("event_4624", True), ("radius", True), ("event_4768", False),
    ]  # fmt: skip
    assert all(natural_via(name) for name in event_types())


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        ("{kerberos: {}}", "D0701", "there is no event type `kerberos`"),
        ("{kerberos_as: {acount: a}}", "D0702", "`kerberos_as` has no field `acount`"),
        ("{kerberos_as: {ts: 5}}", "D0702", "`ts` is not given by a test"),
        ("{kerberos_as: {account: 7}}", "D0703", "`account`: `7` is not a text"),
        ("{kerberos_as: [a]}", "D0703", "`kerberos_as` is a list where its fields belong"),
        ("{kerberos_as: {outcome: ok}}", "D0704", "`outcome`: the word `ok` does not exist"),
        ("{at: 5m}", "D0705", "the entry has no event"),
        ("{every: 1s, kerberos_as: {}}", "D0705", "`every` without `for`"),
        ("{for: 3, kerberos_as: {}}", "D0705", "`for` without `every`"),
        ("{every: -1s, for: 3, kerberos_as: {}}", "D0705", "`every` runs forward"),
        ('{kerberos_as: {account: "{{j}}"}}', "D0705", "`account`: `{{j}}` is no template"),
        ("{every: 1s, for: 200000, kerberos_as: {}}", "D0607", None),
        ("{at: noon, kerberos_as: {}}", "D0606", "`noon` is no duration"),
    ],
)
def test_faults(told, entry, code, message):
    found = told(f"given:\n  - {entry}\nexpect: []", "test")
    assert found[0][0] == code
    assert message is None or found[0][1] == message


def test_a_fault_in_a_repetition_is_told_once(told):
    text = "given:\n  - {every: 1s, for: 9, kerberos_as: {outcome: ok}}\nexpect: []"
    assert len(told(text, "test")) == 1
