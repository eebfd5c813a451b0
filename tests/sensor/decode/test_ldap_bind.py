from __future__ import annotations

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import ldap_bind

KEY = b"k" * 32


def bind(name, auth):
    raw = der.integer(3) + der.octets(name) + auth
    return ldap_bind.bind_request(raw, 0, len(raw), KEY)


def simple(password):
    return der.octets(password, 0x80)


def sasl(mechanism, credentials=None):
    more = () if credentials is None else (der.octets(credentials),)
    return der.tlv(0xA3, der.octets(mechanism), *more)


@pytest.mark.parametrize(
    ("name", "auth", "mechanism", "account"),
    [
        ("", simple(""), "anonymous", None),
        ("cn=a", simple(""), "anonymous", None),
        ("cn=a", simple("pw"), "simple", "cn=a"),
        ("", simple("pw"), "simple", None),
        ("", sasl("GSSAPI", b"x"), "gssapi", None),
        ("", sasl("GSS-SPNEGO"), "gss_spnego", None),
        ("", sasl("EXTERNAL"), "external", None),
        ("", sasl("SCRAM-SHA-512", b"n,,n=u"), "scram_sha_512", None),
        (
            "",
            sasl("DIGEST-MD5", 'username="al",realm="corp.test",nonce="x"'),
            "digest_md5",
            "al@corp.test",
        ),
        ("", sasl("DIGEST-MD5", 'username="al@x.test",realm="corp"'), "digest_md5", "al@x.test"),
        ("", sasl("DIGEST-MD5"), "digest_md5", None),
        ("", der.octets("", 0x89), "ntlm_sicily", None),
        ("NTLM", der.octets("NTLMSSP\0", 0x8A), "ntlm_sicily", None),
    ],
)
def test_mechanisms(name, auth, mechanism, account):
    found = bind(name, auth)
    assert (found.mechanism, found.account, found.name) == (mechanism, account, name)
    assert (found.password_tag is not None) == (mechanism == "simple")


def test_password_tag_counts_passwords_and_keeps_none():
    first, same, other = (
        bind("a", simple("Passw0rd")),
        bind("b", simple("Passw0rd")),
        bind("a", simple("passw0rd")),
    )
    assert first.password_tag == same.password_tag != other.password_tag
    assert len(first.password_tag) == 8
    again = ldap_bind.bind_request(
        raw := der.integer(3) + der.octets("a") + simple("Passw0rd"), 0, len(raw), b"K" * 32
    )
    assert again.password_tag != first.password_tag
    assert not [
        v
        for v in (getattr(first, s) for s in dir(first) if not s.startswith("_"))
        if isinstance(v, (str, bytes)) and "assw0rd" in str(v)
    ]


def test_unknown_choice():
    with pytest.raises(Malformed, match="bind choice"):
        bind("", der.octets("", 0x85))


def result(code, message="", matched=b"", *more):
    raw = der.ldap_result(0x61, code, message, matched, *more)[2:]
    return ldap_bind.result(raw, 0, len(raw)), raw


def ad(data):
    return f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"


@pytest.mark.parametrize(
    ("code", "message", "outcome"),
    [
        (0, "", "success"),
        (14, "", "continue"),
        (49, "", "wrong_password"),
        (49, "Simple Bind Failed: NT_STATUS_LOGON_FAILURE", "wrong_password"),
        (49, ad("525"), "no_such_user"),
        (49, ad("52e"), "wrong_password"),
        (49, ad("530"), "restricted"),
        (49, ad("531"), "restricted"),
        (49, ad("532"), "expired"),
        (49, ad("533"), "disabled"),
        (49, ad("701"), "expired"),
        (49, ad("773"), "expired"),
        (49, ad("775"), "locked"),
        (49, ad("0"), "wrong_password"),
        (
            1,
            "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed",
            "denied",
        ),
        (1, "", "error"),
        (4, "", "success"),
        (8, "", "denied"),
        (50, "", "denied"),
        (53, "", "denied"),
        (80, "", "error"),
    ],
)
def test_outcomes(code, message, outcome):
    found, _ = result(code, message)
    assert (ldap_bind.outcome(found), found.code) == (outcome, code)


def test_token_of_the_server():
    found, raw = result(14, "", b"", der.octets(b"token", 0x87))
    assert raw[found.start : found.stop] == b"token"
    found, raw = result(0, "", b"NTLMSSP\0")
    assert raw[found.start : found.stop] == b"NTLMSSP\0"
