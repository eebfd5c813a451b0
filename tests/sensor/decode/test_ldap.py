"""Conversations recorded in the lab, whole and in pieces, and those made by hand."""

from __future__ import annotations

import conversation
import der
import msgspec
import ntlmssp
import pytest

from sensor.decode import ldap

KEY = {"tag_key": lambda: b"k" * 32}
C, S = True, False


def plain(ears):
    return [(type(e).__name__, msgspec.structs.asdict(e)) for e in ears.events], ears.counts


def talk(*messages, udp=False, port=389, size=0, ears=None, close=True):
    ears = ears or conversation.Ears()
    flow = conversation.flow(port, udp)
    reader = ldap.reader(flow, ears, **KEY)
    conversation.feed(reader, messages, udp=udp, size=size, close=close)
    return ears.events, ears.counts, flow


def brief(events, *fields):
    return [(type(e).__name__, *(getattr(e, f, None) for f in fields)) for e in events]


RECORDED = {
    "ldap_simple_search": [("LdapBind", "alice@corp.lab.test", "success"), ("LdapSearch", "alice@corp.lab.test", "success")],
    "ldap_wrong_password": [("LdapBind", "frank@corp.lab.test", "wrong_password")],
    "ldap_paged": [("LdapBind", "alice@corp.lab.test", "success"), ("LdapSearch", "alice@corp.lab.test", "success")],
    "ldap_gssapi": [("KerberosAp", None, "success"), ("LdapBind", None, "success")],
    "ldap_spnego_sealed": [("LdapSearch", None, "success"), ("KerberosAp", None, "success"), ("LdapBind", None, "success")],
    "ldap_ntlm": [
        ("LdapSearch", None, "success"), ("NtlmAuth", "WORKGROUP\\administrator", "success"),
        ("LdapBind", "WORKGROUP\\administrator", "success"),
    ],
    "cldap_ping": [("LdapSearch", None, "success")],
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name):
    events = conversation.replay(ldap, name, **KEY).events
    assert brief(events, "account", "outcome") == RECORDED[name]


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 11, 64, 1460])
def test_pieces_of_any_size_make_the_same_events(name, size):
    assert plain(conversation.replay(ldap, name, size=size, **KEY)) == plain(
        conversation.replay(ldap, name, **KEY)
    )


def test_search_fields():
    event = conversation.replay(ldap, "ldap_simple_search", **KEY).events[1]
    assert (event.protocol, event.base, event.scope, event.cldap) == (
        "ldap",
        "DC=corp,DC=lab,DC=test",
        "subtree",
        False,
    )
    assert event.filter == "(&(objectClass=user)(servicePrincipalName=*)(!(objectClass=computer)))"
    assert event.filter_shape == "(&(!(objectclass=?))(objectclass=?)(serviceprincipalname=*))"
    assert event.filter_attributes == ["objectclass", "serviceprincipalname"]
    assert event.attributes == ["samaccountname", "serviceprincipalname", "useraccountcontrol"]
    assert event.returned == [
        f"CN={n},CN=Users,DC=corp,DC=lab,DC=test" for n in ("svc-sql Lab", "krbtgt", "svc-web Lab")
    ]
    assert (event.returned_count, event.result) == (3, 0)


def test_pages_are_one_search():
    _, event = conversation.replay(ldap, "ldap_paged", **KEY).events
    assert (event.filter, event.returned_count, len(event.returned)) == (
        "(objectClass=*)",
        284,
        100,
    )


def test_cldap_ping():
    (event,) = conversation.replay(ldap, "cldap_ping", **KEY).events
    assert (event.protocol, event.cldap, event.returned_count) == ("cldap", True, 1)
    assert event.filter_attributes == ["ntver", "dnsdomain", "aac"]


ANONYMOUS = der.octets("", 0x80)


def bind(name="", auth=ANONYMOUS, number=1):
    return C, der.ldap(number, der.tlv(0x60, der.integer(3), der.octets(name), auth))


def bound(code=0, message="", matched=b"", *more, number=1):
    return S, der.ldap(number, der.ldap_result(0x61, code, message, matched, *more))


def search(number=2, *controls, **request):
    return C, der.ldap(number, der.search_request(**request), *controls)


def entry(number=2, dn="CN=a"):
    return S, der.ldap(number, der.entry(dn))


def done(number=2, code=0, *controls, message=""):
    return S, der.ldap(number, der.ldap_result(0x65, code, message), *controls)


ALICE = (bind("CN=alice", der.octets("pw", 0x80)), bound())


def test_a_failed_bind_ends_the_old_one():
    events, _, flow = talk(
        *ALICE,
        bind("CN=bob", der.octets("x", 0x80), 3),
        bound(49, "data 775,", number=3),
        search(4),
        done(4),
    )
    assert brief(events, "account", "outcome") == [
        ("LdapBind", "CN=alice", "success"), ("LdapBind", "CN=bob", "locked"), ("LdapSearch", None, "success"),
    ]  # fmt: skip
    assert flow.account is None


def test_global_catalogue_and_unbind():
    events, _, flow = talk(
        *ALICE, search(), entry(), (C, der.ldap(9, der.tlv(0x42))), port=3268, close=False
    )
    assert brief(events, "protocol", "outcome") == [
        ("LdapBind", "gc", "success"),
        ("LdapSearch", "gc", "unknown"),
    ]
    assert (events[1].returned_count, flow.account) == (1, None)


def test_several_messages_in_one_segment_and_in_any_order():
    _, first = search(2, base="DC=a")
    _, second = search(3, base="DC=b")
    events, _, _ = talk((C, first + second), entry(3), done(3), entry(2), entry(2), done(2))
    assert brief(events, "base", "returned_count") == [
        ("LdapSearch", "DC=b", 1),
        ("LdapSearch", "DC=a", 2),
    ]


def test_windows_lengths_everywhere():
    flt = der.tlv(0x87, b"cn", long=True)
    limits = der.integer(0, 10) + der.integer(0) + der.integer(0) + der.tlv(1, b"\0")
    request = der.tlv(
        0x63,
        der.tlv(4, b"DC=a", long=True),
        der.integer(2, 10),
        limits,
        flt,
        der.seq(long=True),
        long=True,
    )
    events, _, _ = talk(
        (C, der.ldap(2, request, long=True)),
        (S, der.ldap(2, der.ldap_result(0x65), long=True)),
        size=5,
    )
    assert brief(events, "filter", "outcome") == [("LdapSearch", "(cn=*)", "success")]


def test_paging_over_45_seconds_is_told_in_parts():
    ears = conversation.Ears()
    reader = ldap.reader(conversation.flow(389), ears, **KEY)
    conversation.feed(
        reader, [search(2, der.paged(b"")), entry(2), done(2, 0, der.paged(b"c1"))], close=False
    )
    conversation.feed(
        reader,
        [search(3, der.paged(b"c1")), entry(3), done(3, 0, der.paged(b"c2"))],
        start=47_000_000,
        close=False,
    )
    assert brief(ears.events, "returned_count") == [("LdapSearch", 2)]
    conversation.feed(
        reader,
        [search(4, der.paged(b"c2")), entry(4), done(4, 0, der.paged(b""))],
        start=48_000_000,
    )
    assert brief(ears.events, "returned_count", "ts") == [
        ("LdapSearch", 2, 1_001_000),
        ("LdapSearch", 1, 48_001_000),
    ]


def test_pages_left_alone_are_told_at_the_close():
    events, _, _ = talk(search(2, der.paged(b"")), entry(2), done(2, 0, der.paged(b"c1")))
    assert brief(events, "returned_count", "outcome") == [("LdapSearch", 1, "unknown")]


def test_abandoned_search():
    events, _, _ = talk(
        search(2), entry(2), (C, der.ldap(3, der.integer(2, 0x50))), entry(2), done(2)
    )
    assert brief(events, "returned_count", "outcome") == [("LdapSearch", 1, "unknown")]


def test_waiting_requests_are_bounded():
    events, _, _ = talk(*[search(n) for n in range(2, 400)], close=False)
    assert len(events) == 398 - 256


MODIFY = der.tlv(
    0x66, der.octets("CN=Domain Admins"),
    der.seq(
        der.seq(der.integer(0, 10), der.seq(der.octets("member"), der.tlv(0x31, der.octets("CN=eve"), der.octets("CN=mal")))),
        der.seq(der.integer(2, 10), der.seq(der.octets("description"), der.tlv(0x31, der.octets("x")))),
        der.seq(der.integer(1, 10), der.seq(der.octets("member"), der.tlv(0x31))),
        der.seq(der.integer(2, 10), der.seq(der.octets("unicodePwd"), der.tlv(0x31, der.octets("secret")))),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("code", "outcome"), [(0, "success"), (50, "denied"), (None, "unknown")])
def test_writes_are_rows_with_the_outcome_of_the_response(code, outcome):
    answer = [] if code is None else [(S, der.ldap(5, der.ldap_result(0x67, code)))]
    events, _, _ = talk(*ALICE, (C, der.ldap(5, MODIFY)), *answer)
    fields = ("actor", "outcome", "group", "action", "member", "object", "attribute", "op", "value")
    *rows, fact = events[1:]
    assert (fact.action, fact.account, fact.actor, fact.outcome) == (
        "password_reset",
        "CN=Domain Admins",
        "CN=alice",
        outcome,
    )
    assert brief(rows, *fields) == [
        (
            "GroupChange",
            "CN=alice",
            outcome,
            "CN=Domain Admins",
            "member_added",
            "CN=eve",
            None,
            None,
            None,
            None,
        ),
        (
            "GroupChange",
            "CN=alice",
            outcome,
            "CN=Domain Admins",
            "member_added",
            "CN=mal",
            None,
            None,
            None,
            None,
        ),
        (
            "DirectoryChange",
            "CN=alice",
            outcome,
            None,
            None,
            None,
            "CN=Domain Admins",
            "description",
            "replace",
            "x",
        ),
        (
            "GroupChange",
            "CN=alice",
            outcome,
            "CN=Domain Admins",
            "member_removed",
            None,
            None,
            None,
            None,
            None,
        ),
        (
            "DirectoryChange",
            "CN=alice",
            outcome,
            None,
            None,
            None,
            "CN=Domain Admins",
            "unicodePwd",
            "replace",
            None,
        ),
    ]
    assert {e.account for e in rows} == {"CN=alice"}


def test_start_tls_then_records():
    request = der.tlv(0x77, der.octets("1.3.6.1.4.1.1466.20037", 0x80))
    hello = bytes.fromhex("1603010010") + bytes(16)
    events, counts, flow = talk(
        (C, der.ldap(1, request)),
        (S, der.ldap(1, der.ldap_result(0x78))),
        (C, hello),
        (S, hello),
        size=3,
    )
    assert (events, counts, flow.encrypted) == ([], {"ldap.tls_records": 2}, True)


def extended(name, *value, number=1):
    parts = (der.octets(v, 0x81) for v in value)
    return C, der.ldap(number, der.tlv(0x77, der.octets(name, 0x80), *parts))


def extended_answer(code=0, *more, number=1):
    return S, der.ldap(number, der.ldap_result(0x78, code, "", b"", *more))


def tls(content=bytes(48)):
    return b"\x17\x03\x03" + len(content).to_bytes(2, "big") + content


@pytest.mark.parametrize("size", [0, 1, 7, 64])
def test_after_start_tls_nothing_is_garbage(size):
    """Ciphertext that looks like messages or buffers is neither read nor counted as malformed."""
    hidden = tls(search(9)[1]) + tls(bytes([0, 0, 0, 40]) + b"\x01\0\0\0" + bytes(36))
    events, counts, flow = talk(
        extended("1.3.6.1.4.1.1466.20037"), extended_answer(), (C, tls()), (S, hidden), size=size
    )
    assert (events, counts, flow.encrypted) == ([], {"ldap.tls_records": 3}, True)


def test_after_loss_in_tls_the_next_record_is_found():
    ears = conversation.Ears()
    reader = ldap.reader(conversation.flow(389), ears, **KEY)
    conversation.feed(reader, [extended("1.3.6.1.4.1.1466.20037"), extended_answer()], close=False)
    middle = search(9)[1] + bytes([0, 0, 0, 40]) + b"\x01\0\0\0" + bytes(36)
    raw = middle + tls() + tls()
    assert reader.frame(C, raw, 0, len(raw)) == (0, -1)
    assert reader.resync(C, raw, 1, len(raw)) == len(middle)
    assert reader.resync(C, middle, 0, len(middle)) == -1


def test_start_tls_refused():
    events, _, flow = talk(
        extended("1.3.6.1.4.1.1466.20037"), extended_answer(52), search(), done()
    )
    assert (len(events), flow.encrypted) == (1, False)


def test_fast_binds_meet_by_id_and_change_nobody():
    simple = der.octets("pw", 0x80)
    events, _, flow = talk(
        extended("1.2.840.113556.1.4.1781"), extended_answer(),
        bind("CN=a", simple, 2), bind("CN=b", simple, 3), bind("CN=c", simple, 4),
        bound(49, "data 52e,", number=3), bound(0, number=2),
    )  # fmt: skip
    assert brief(events, "account", "outcome", "ts") == [
        ("LdapBind", "CN=b", "wrong_password", 1_004_000),
        ("LdapBind", "CN=a", "success", 1_003_000),
        ("LdapBind", "CN=c", "unknown", 1_005_000),
    ]
    assert flow.account is None


def test_fast_binds_are_bounded():
    simple = der.octets("pw", 0x80)
    many = [bind(f"CN={n}", simple, n) for n in range(2, 100)]
    events, _, _ = talk(extended("1.2.840.113556.1.4.1781"), extended_answer(), *many, close=False)
    assert len(events) == 98 - 64


@pytest.mark.parametrize(
    ("said", "account"),
    [("u:CORP\\alice", "CORP\\alice"), ("dn:CN=alice,DC=test", "CN=alice,DC=test"), ("", None)],
)
def test_who_am_i_names_the_connection(said, account):
    events, _, _ = talk(
        extended("1.3.6.1.4.1.4203.1.11.3"), extended_answer(0, der.octets(said, 0x8B)),
        search(), done(),
    )  # fmt: skip
    assert brief(events, "account") == [("LdapSearch", account)]


@pytest.mark.parametrize(("code", "outcome"), [(0, "success"), (53, "denied"), (None, "unknown")])
def test_password_modify_operation(code, outcome):
    value = der.seq(der.octets("CN=bob", 0x80), der.octets("new", 0x82))
    answer = [] if code is None else [extended_answer(code, number=5)]
    events, _, _ = talk(*ALICE, extended("1.3.6.1.4.1.4203.1.11.1", value, number=5), *answer)
    assert brief(events[1:], "action", "account", "actor", "outcome") == [
        ("AccountChange", "password_reset", "CN=bob", "CN=alice", outcome)
    ]


def test_what_a_write_means_follows_its_rows():
    user = der.seq(der.octets("objectClass"), der.tlv(0x31, der.octets("user")))
    name = der.seq(der.octets("sAMAccountName"), der.tlv(0x31, der.octets("eve")))
    add = der.tlv(0x68, der.octets("CN=eve,DC=corp,DC=test"), der.seq(user, name))
    events, _, _ = talk(*ALICE, (C, der.ldap(5, add)), (S, der.ldap(5, der.ldap_result(0x69))))
    assert brief(events[1:], "action", "attribute", "account", "actor", "outcome") == [
        ("DirectoryChange", None, None, "CN=alice", "CN=alice", "success"),
        ("DirectoryChange", None, "objectClass", "CN=alice", "CN=alice", "success"),
        ("DirectoryChange", None, "sAMAccountName", "CN=alice", "CN=alice", "success"),
        ("AccountChange", "created", None, "eve@corp.test", "CN=alice", "success"),
    ]


def test_controls_of_a_search():
    dirsync = der.seq(der.octets("1.2.840.113556.1.4.841"), der.tlv(1, b"\xff"))
    events, _, _ = talk(search(2, dirsync, der.paged(b""), attributes=("unicodePwd",)), done())
    assert brief(events, "controls", "attributes") == [
        ("LdapSearch", ["dirsync", "paged"], ["unicodepwd"])
    ]


@pytest.mark.parametrize("port", [636, 3269])
def test_ldaps_is_recognised_only(port):
    hello = bytes.fromhex("1603010010") + bytes(16)
    events, counts, flow = talk((C, hello), search(), port=port)
    assert (events, flow.encrypted, counts) == ([], True, {"ldap.tls_records": 1})


def spnego_bind(token, number):
    return bind("", der.tlv(0xA3, der.octets("GSS-SPNEGO"), der.octets(token)), number)


NTLM_BIND = (
    spnego_bind(ntlmssp.negotiate(), 1),
    bound(14, "", b"", der.octets(ntlmssp.challenge(), 0x87), number=1),
    spnego_bind(ntlmssp.authenticate(nt=ntlmssp.v2()), 2),
)


def signed(message):
    buffer = b"\1\0\0\0" + b"checksum" + bytes(4) + message
    return len(buffer).to_bytes(4, "big") + buffer


def wrapped(message, flags):
    buffer = b"\x05\x04" + bytes([flags]) + b"\xff\x00\x0c\x00\x0c" + bytes(8) + b"#" * 12 + message
    return len(buffer).to_bytes(4, "big") + buffer


@pytest.mark.parametrize("wrap", [signed, lambda m: wrapped(m, 0)])
@pytest.mark.parametrize("size", [0, 1, 6, 17])
def test_signed_buffers_are_read(wrap, size):
    _, request = search(5, base="DC=signed")
    _, found = entry(5)
    _, finished = done(5)
    answer = found + finished
    events, counts, flow = talk(
        *NTLM_BIND,
        bound(number=2),
        (C, wrap(request)),
        (S, wrap(answer[:9])),
        (S, wrap(answer[9:])),
        size=size,
    )
    assert brief(events, "account", "outcome") == [
        ("NtlmAuth", "CORP\\alice", "success"), ("LdapBind", "CORP\\alice", "success"), ("LdapSearch", "CORP\\alice", "success"),
    ]  # fmt: skip
    assert (events[2].base, events[2].returned_count, flow.encrypted, counts) == (
        "DC=signed",
        1,
        False,
        {},
    )


def test_sealed_buffers_are_counted():
    _, request = search(5)
    events, counts, flow = talk((C, wrapped(request, 2)), (C, wrapped(request, 6)))
    assert (events, counts, flow.encrypted) == ([], {"ldap.sealed_buffers": 2}, True)


def test_bind_refused_in_the_second_leg():
    events, _, flow = talk(*NTLM_BIND, bound(49, "data 52e", number=2))
    assert brief(events, "account", "outcome", "mechanism") == [
        ("NtlmAuth", "CORP\\alice", "wrong_password", None), ("LdapBind", "CORP\\alice", "wrong_password", "gss_spnego"),
    ]  # fmt: skip
    assert (flow.account, events[1].ts) == (None, 1_001_000)


def test_bind_left_in_the_middle():
    events, _, _ = talk(*NTLM_BIND[:2])
    assert brief(events, "outcome", "result") == [("LdapBind", "unknown", None)]
    events, _, _ = talk(*NTLM_BIND[:2], *ALICE)
    assert brief(events, "outcome", "account") == [
        ("LdapBind", "unknown", None),
        ("LdapBind", "success", "CN=alice"),
    ]


def test_sicily():
    events, _, _ = talk(
        bind("", der.octets("", 0x89), 1), bound(0, "", b"NTLM", number=1),
        bind("NTLM", der.octets(ntlmssp.negotiate(), 0x8A), 2), bound(0, "", ntlmssp.challenge(), number=2),
        bind("", der.octets(ntlmssp.authenticate(), 0x8B), 3), bound(0, number=3),
    )  # fmt: skip
    assert brief(events, "account", "mechanism", "outcome") == [
        ("NtlmAuth", "CORP\\alice", None, "success"), ("LdapBind", "CORP\\alice", "ntlm_sicily", "success"),
    ]  # fmt: skip


def ping(user="nobody"):
    flt = der.tlv(0xA0, der.tlv(0xA3, der.octets("User"), der.octets(user)))
    return der.ldap(7, der.search_request("", 0, flt, ("netlogon",)))


def pong(opcode):
    netlogon = der.seq(
        der.octets("netlogon"), der.tlv(0x31, der.octets(bytes([opcode, 0]) + bytes(30)))
    )
    return der.ldap(7, der.entry("", netlogon)) + der.ldap(7, der.ldap_result(0x65))


@pytest.mark.parametrize(("opcode", "outcome"), [(23, "success"), (25, "no_such_user")])
def test_cldap_tells_whether_the_user_exists(opcode, outcome):
    events, _, _ = talk((C, ping()), (S, pong(opcode)), udp=True)
    assert brief(events, "filter", "outcome") == [("LdapSearch", "(&(User=nobody))", outcome)]


@pytest.mark.parametrize(("opcode", "outcome"), [(23, "success"), (25, "no_such_user")])
@pytest.mark.parametrize("size", [0, 1, 9])
def test_the_same_ping_over_tcp(opcode, outcome, size):
    events, _, _ = talk((C, ping()), (S, pong(opcode)), size=size)
    assert brief(events, "cldap", "filter_accounts", "outcome", "returned_count") == [
        ("LdapSearch", False, ["nobody"], outcome, 1)
    ]


def full_ping(**values):
    items = (der.tlv(0xA3, der.octets(n), der.octets(v)) for n, v in values.items())
    return der.ldap(7, der.search_request("", 0, der.tlv(0xA0, *items), ("Netlogon",)))


@pytest.mark.parametrize(
    ("host", "name"), [("WS9", "name:WS9"), ("ws9.corp.test", "ws9.corp.test"), ("", None)]
)
def test_a_ping_tells_who_sends_it(host, name):
    sent = full_ping(DnsDomain="corp.test.", Host=host, User="eve", NtVer=b"\6\0\0\0")
    ears = conversation.Ears()
    events, _, _ = talk((C, sent), (S, pong(25)), udp=True, ears=ears)
    told = [] if name is None else [(1_001_000, "10.0.0.50", name, "cldap", None)]
    assert ears.hosts == told
    assert brief(events, "filter_accounts", "outcome") == [
        ("LdapSearch", ["eve@corp.test"], "no_such_user")
    ]


def test_an_unanswered_ping_binds_nothing():
    ears = conversation.Ears()
    events, _, _ = talk((C, full_ping(Host="WS9")), udp=True, ears=ears)
    assert ears.hosts == []
    assert brief(events, "outcome") == [("LdapSearch", "unknown")]


def test_a_bad_message_in_a_datagram_leaves_the_others():
    bad = der.ldap(6, der.tlv(0x63, b"\xff"))
    events, counts, _ = talk((C, bad + ping()), (S, pong(23)), udp=True)
    assert (len(events), counts) == (1, {"ldap.malformed": 1})


def test_search_on_after_junk():
    events, _, _ = talk((C, b"\x99\x98junk" + search(2)[1]), done(2))
    assert brief(events, "outcome") == [("LdapSearch", "success")]


def test_the_process_key_is_made_once():
    assert ldap.process_key() is ldap.process_key()
    assert len(ldap.process_key()) == 32


@pytest.mark.parametrize(("code", "told"), [(0, 1_000), (50, 256), (None, 256)])
def test_a_write_that_was_not_done_is_not_told_in_full(code, told):
    members = der.tlv(0x31, *[der.octets(f"CN={i}") for i in range(1_000)])
    add = der.seq(der.integer(0, 10), der.seq(der.octets("member"), members))
    modify = der.tlv(0x66, der.octets("CN=g"), der.seq(add))
    answer = [] if code is None else [(S, der.ldap(5, der.ldap_result(0x67, code)))]
    events, counts, _ = talk(*ALICE, (C, der.ldap(5, modify)), *answer)
    assert [type(event).__name__ for event in events].count("GroupChange") == told
    assert counts.get("ldap.values_left_out", 0) == 1_000 - told
