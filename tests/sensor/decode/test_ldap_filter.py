from __future__ import annotations

import contextlib

import der
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.contract import Malformed
from sensor.decode.ldap_filter import search_filter


def and_(*parts):
    return der.tlv(0xA0, *parts)


def or_(*parts):
    return der.tlv(0xA1, *parts)


def not_(part):
    return der.tlv(0xA2, part)


def eq(name, value, tag=0xA3):
    return der.tlv(tag, der.octets(name), der.octets(value))


def has(name):
    return der.octets(name, 0x87)


def sub(name, *parts):
    return der.tlv(0xA4, der.octets(name), der.seq(*(der.octets(v, t) for t, v in parts)))


def ext(rule="", name="", value="", dn=None):
    fields = [der.octets(v, t) for t, v in ((0x81, rule), (0x82, name)) if v] + [
        der.octets(value, 0x83)
    ]
    if dn is not None:
        fields.append(der.tlv(0x84, b"\xff" if dn else b"\0"))
    return der.tlv(0xA9, *fields)


CASES = [
    (has("objectClass"), "(objectClass=*)", "(objectclass=*)", ["objectclass"]),
    (eq("sAMAccountName", "alice"), "(sAMAccountName=alice)", "(samaccountname=?)", ["samaccountname"]),
    (eq("cn", "x", 0xA5), "(cn>=x)", "(cn>=?)", ["cn"]),
    (eq("cn", "x", 0xA6), "(cn<=x)", "(cn<=?)", ["cn"]),
    (eq("cn", "x", 0xA8), "(cn~=x)", "(cn=?)", ["cn"]),
    (and_(has("B"), has("a")), "(&(B=*)(a=*))", "(&(a=*)(b=*))", ["b", "a"]),
    (or_(eq("a", "1"), eq("A", "2"), eq("a", "3")), "(|(a=1)(A=2)(a=3))", "(a=?)", ["a"]),
    (not_(has("a")), "(!(a=*))", "(!(a=*))", ["a"]),
    (and_(), "(&)", "(&)", []),
    (or_(), "(|)", "(|)", []),
    (sub("cn", (0x80, "a")), "(cn=a*)", "(cn=?*)", ["cn"]),
    (sub("cn", (0x81, "a"), (0x81, "b")), "(cn=*a*b*)", "(cn=*?*?*)", ["cn"]),
    (sub("cn", (0x82, "a")), "(cn=*a)", "(cn=*?)", ["cn"]),
    (sub("cn", (0x80, "a"), (0x81, "b"), (0x82, "c")), "(cn=a*b*c)", "(cn=?*?*?)", ["cn"]),
    (
        ext("1.2.840.113556.1.4.803", "userAccountControl", "4194304"),
        "(userAccountControl:1.2.840.113556.1.4.803:=4194304)",
        "(useraccountcontrol:1.2.840.113556.1.4.803:=?)",
        ["useraccountcontrol"],
    ),
    (ext("2.4.6", "o", "x", dn=True), "(o:dn:2.4.6:=x)", "(o:2.4.6:=?)", ["o"]),
    (ext(name="o", value="x", dn=False), "(o:=x)", "(o=?)", ["o"]),
    (ext("2.4.6", value="x"), "(:2.4.6:=x)", "(:2.4.6:=?)", []),
    (eq("cn", b"a*(b)\\\0\x7f"), "(cn=a\\2a\\28b\\29\\5c\\00\\7f)", "(cn=?)", ["cn"]),
    (eq("cn", "Jürgen"), "(cn=Jürgen)", "(cn=?)", ["cn"]),
    (eq("objectGUID", b"\xff\x01a("), "(objectGUID=\\ff\\01a\\28)", "(objectguid=?)", ["objectguid"]),
    (has("1.2.840.113556.1.4.771"), "(1.2.840.113556.1.4.771=*)", "(serviceprincipalname=*)", ["serviceprincipalname"]),
    (has("userCertificate;binary"), "(userCertificate;binary=*)", "(usercertificate=*)", ["usercertificate"]),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "text", "shape", "attributes"), CASES, ids=[c[1] for c in CASES])
def test_filters(raw, text, shape, attributes):
    found = search_filter(b"!" + raw + b"!", 1, 1 + len(raw))
    assert (found.text, found.shape, found.attributes) == (text, shape, attributes)


A, B, X = has("a"), has("b"), has("x")


@pytest.mark.parametrize(
    ("spellings", "shape"),
    [
        ([A, and_(A), or_(A), not_(not_(A)), and_(or_(and_(A))), and_(A, A), and_(A, and_()), or_(A, or_())], "(a=*)"),
        ([and_(A, B), and_(B, A), and_(and_(A), B), and_(and_(A, B)), and_(or_(A), or_(B)), not_(or_(not_(A), not_(B)))], "(&(a=*)(b=*))"),
        ([or_(A, B), or_(or_(A, B), A), or_(and_(B), A), not_(and_(not_(A), not_(B)))], "(|(a=*)(b=*))"),
        ([or_(and_(A, B), X), or_(X, or_(and_(B, A))), not_(and_(not_(X), or_(not_(A), not_(B))))], "(|(&(a=*)(b=*))(x=*))"),
        ([and_(or_(A, B)), or_(A, B), and_(or_(A, B), and_())], "(|(a=*)(b=*))"),
        ([not_(A), not_(not_(not_(A))), and_(not_(A)), not_(or_(A))], "(!(a=*))"),
        ([and_(), and_(and_()), not_(or_()), or_(A, and_())], "(&)"),
        ([or_(), not_(and_()), and_(A, or_())], "(|)"),
        ([eq("cn", "x"), eq("CN", "y", 0xA8), ext(name="2.5.4.3", value="z"), ext(name="cn", value="z", dn=True)], "(cn=?)"),
        (
            [
                ext("1.2.840.113556.1.4.803", "userAccountControl", "2"),
                ext("1.2.840.113556.1.4.803", "1.2.840.113556.1.4.8", "4194304", dn=True),
                ext("1.2.840.113556.1.4.803", "OID.1.2.840.113556.1.4.8;x-y", "4194304"),
            ],
            "(useraccountcontrol:1.2.840.113556.1.4.803:=?)",
        ),
    ],
)  # fmt: skip
def test_spellings_of_one_meaning_have_one_shape(spellings, shape):
    assert {search_filter(raw, 0, len(raw)).shape for raw in spellings} == {shape}


SID = bytes.fromhex("010500000000000515000000010000000200000003000000f4010000")


@pytest.mark.parametrize(
    ("raw", "accounts"),
    [
        (eq("sAMAccountName", " alice "), ["alice"]),
        (eq("1.2.840.113556.1.4.221", "alice"), ["alice"]),
        (eq("sAMAccountName", "alice", 0xA8), ["alice"]),
        (ext(name="sAMAccountName", value="alice"), ["alice"]),
        (or_(eq("samaccountname", "a"), eq("userPrincipalName", "b@c"), eq("samaccountname", "a")), ["a", "b@c"]),
        (eq("objectSid", SID), ["S-1-5-21-1-2-3-500"]),
        (eq("objectSid", "S-1-5-21-1-2-3-500"), ["S-1-5-21-1-2-3-500"]),
        (eq("distinguishedName", "CN=a,DC=b"), ["CN=a,DC=b"]),
        (not_(eq("sAMAccountName", "alice")), []),
        (not_(and_(not_(eq("sAMAccountName", "alice")))), ["alice"]),
        (eq("sAMAccountName", "a", 0xA5), []),
        (sub("sAMAccountName", (0x80, "a")), []),
        (eq("cn", "alice"), []),
    ],
)  # fmt: skip
def test_accounts_named(raw, accounts):
    assert search_filter(raw, 0, len(raw)).accounts == accounts


def test_accounts_are_bounded():
    raw = or_(*[eq("sAMAccountName", f"u{i}") for i in range(300)])
    assert len(search_filter(raw, 0, len(raw)).accounts) == 100


def test_ping():
    raw = and_(eq("User", "eve"), eq("Host", "WS9"), eq("DnsDomain", "corp.test."), eq("Host", "X"))
    found = search_filter(raw, 0, len(raw))
    assert found.ping == {"user": "eve", "host": "WS9", "dnsdomain": "corp.test."}


def test_long_lengths_are_the_same_filter():
    raw = der.tlv(
        0xA0,
        der.tlv(0xA3, der.tlv(4, b"cn", long=True), der.tlv(4, b"x", long=True), long=True),
        long=True,
    )
    assert search_filter(raw, 0, len(raw)).text == "(&(cn=x))"


def nested(levels):
    raw = has("a")
    for _ in range(levels):
        raw = not_(raw)
    return raw


def test_depth_is_bounded_and_the_search_still_seen():
    raw = nested(5000)
    found = search_filter(raw, 0, len(raw))
    assert found.text == "(!" * 64 + "(…)" + ")" * 64
    shallow = nested(63)
    assert search_filter(shallow, 0, len(shallow)).attributes == ["a"]


def test_text_and_attributes_are_bounded():
    raw = or_(*[eq(f"a{i}", "x" * 100) for i in range(2000)])
    found = search_filter(raw, 0, len(raw))
    assert (len(found.text), len(found.shape) <= 65_536, len(found.attributes)) == (
        65_536,
        True,
        256,
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xa3\x00",
        b"\xa0\x05\x87",
        b"\xaa\x00",
        b"\xa4\x03\x04\x01a",
        b"\x30\x00",
        b"\xa2\x00",
    ],
)
def test_refusals(raw):
    with pytest.raises(Malformed):
        search_filter(raw, 0, len(raw))


@given(st.binary(max_size=80))
def test_any_bytes(raw):
    with contextlib.suppress(Malformed, IndexError):
        search_filter(raw, 0, len(raw))


@given(st.recursive(
    st.builds(eq, st.sampled_from(["cn", "mail", "objectClass"]), st.binary(max_size=6)),
    lambda inner: st.one_of(
        st.builds(not_, inner), st.lists(inner, max_size=4).map(lambda p: and_(*p)), st.lists(inner, max_size=4).map(lambda p: or_(*p))
    ),
    max_leaves=20,
))  # fmt: skip
def test_shape_does_not_depend_on_order_or_values(raw):
    found = search_filter(raw, 0, len(raw))
    assert found.text.count("(") == found.text.count(")")
    assert found.shape.count("(") == found.shape.count(")")
    assert found.shape == found.shape.lower()
