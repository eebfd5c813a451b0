"""Binds: how a client authenticates and what the server made of it.

RFC 4511 §4.2, RFC 4513 §5, MS-ADTS §5.1.1 (SASL, Sicily; `data` codes of diagnosticMessage).
A clear password leaves this module only as a keyed hash of 8 bytes. Knows no flow and no event.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber

SASL_IN_PROGRESS: Final = 14
_MECHANISMS: Final[dict[str, str]] = {"GSS-SPNEGO": "gss_spnego", "GSSAPI": "gssapi"}
_SICILY: Final = frozenset({0x89, 0x8A, 0x8B})
SICILY_RESPONSE: Final = 0x8B
SIMPLE: Final = 0x80

_DATA: Final = re.compile(r"\bdata ([0-9a-fA-F]{1,8})\b")
_DATA_OUTCOMES: Final[dict[int, str]] = {
    0x525: "no_such_user",  # ERROR_NO_SUCH_USER
    0x52E: "wrong_password",  # ERROR_LOGON_FAILURE
    0x52F: "restricted",  # ERROR_ACCOUNT_RESTRICTION
    0x530: "restricted",  # ERROR_INVALID_LOGON_HOURS
    0x531: "restricted",  # ERROR_INVALID_WORKSTATION
    0x532: "expired",  # ERROR_PASSWORD_EXPIRED
    0x533: "disabled",  # ERROR_ACCOUNT_DISABLED
    0x569: "restricted",  # ERROR_LOGON_TYPE_NOT_GRANTED
    0x701: "expired",  # ERROR_ACCOUNT_EXPIRED
    0x773: "expired",  # ERROR_PASSWORD_MUST_CHANGE
    0x775: "locked",  # ERROR_ACCOUNT_LOCKED_OUT
}
_RESULT_OUTCOMES: Final[dict[int, str]] = {
    0: "success",
    3: "success",  # timeLimitExceeded: entries came all the same
    4: "success",  # sizeLimitExceeded
    11: "success",  # adminLimitExceeded
    SASL_IN_PROGRESS: "continue",
    8: "denied",  # strongerAuthRequired
    13: "denied",  # confidentialityRequired
    48: "denied",  # inappropriateAuthentication
    49: "wrong_password",  # invalidCredentials
    50: "denied",  # insufficientAccessRights
    53: "denied",  # unwillingToPerform
}
_NOT_BOUND: Final = "000004DC"
_USERNAME: Final = re.compile(r'username="((?:[^"\\]|\\.){1,256})"')
_REALM: Final = re.compile(r'realm="((?:[^"\\]|\\.){1,256})"')


class Bind:
    """A BindRequest: `mechanism` a word, bounds of the token if any, `tag` of the choice."""

    __slots__ = ("account", "mechanism", "name", "password_tag", "start", "stop", "tag")

    def __init__(self, name: str) -> None:
        self.name = name
        self.tag = 0
        self.mechanism = ""
        self.account: str | None = None
        self.password_tag: bytes | None = None
        self.start = 0
        self.stop = 0


def bind_request(b: bytes, o: int, e: int, key: bytes) -> Bind:
    """The BindRequest whose content is b[o:e]; `key` keys the hash of a clear password."""
    o = ber.expect(b, o, e, ber.INTEGER)[1]
    start, o = ber.expect(b, o, e, ber.OCTET_STRING)
    found = Bind(ber.text(b, start, o))
    start, stop = ber.header(b, o, e)
    found.tag = b[o]
    if found.tag == SIMPLE:
        if start == stop:
            found.mechanism = "anonymous"  # RFC 4513 §5.1.2: with or without a name
        else:
            found.mechanism = "simple"
            found.account = found.name or None
            found.password_tag = blake2b(b[start:stop], digest_size=8, key=key).digest()
    elif found.tag == 0xA3:
        first, last = ber.expect(b, start, stop, ber.OCTET_STRING)
        name = ber.text(b, first, min(last, first + 64))
        found.mechanism = _MECHANISMS.get(name) or name.lower().replace("-", "_")
        if last < stop:
            found.start, found.stop = ber.expect(b, last, stop, ber.OCTET_STRING)
        if found.mechanism == "digest_md5":
            found.account = _digest_account(ber.text(b, found.start, found.stop))
    elif found.tag in _SICILY:
        found.mechanism = "ntlm_sicily"
        found.start, found.stop = start, stop
    else:
        raise Malformed(f"bind choice {found.tag:#x} at {o}")
    return found


def _digest_account(response: str) -> str | None:
    """RFC 2831 §2.1.2: username and realm of a digest-response."""
    user = _USERNAME.search(response)
    if user is None:
        return None
    realm = _REALM.search(response)
    return f"{user[1]}@{realm[1]}" if realm and "@" not in user[1] else user[1]


class Result:
    """An LDAPResult, and serverSaslCreds (or, in Sicily, matchedDN) as bounds of a token."""

    __slots__ = ("code", "message", "start", "stop")

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        self.start = 0
        self.stop = 0


def result(b: bytes, o: int, e: int) -> Result:
    """The LDAPResult whose content is b[o:e] (RFC 4511 §4.1.9)."""
    code, o = ber.read_integer(b, o, e, ber.ENUMERATED)
    matched, o = ber.expect(b, o, e, ber.OCTET_STRING)
    matched_end = o
    start, o = ber.expect(b, o, e, ber.OCTET_STRING)
    found = Result(code, ber.text(b, start, min(o, start + 1024)))
    found.start, found.stop = matched, matched_end
    while o < e:
        start, end = ber.header(b, o, e)
        if b[o] == 0x87:
            found.start, found.stop = start, end
        o = end
    return found


def authorization(b: bytes, o: int, e: int) -> str | None:
    r"""Who the server says the client is: the responseValue (`u:CORP\alice`, `dn:CN=…`) of the
    "Who am I?" response whose content is b[o:e] (RFC 4532); None for anonymous.
    """
    while o < e:
        start, end = ber.header(b, o, e)
        if b[o] == 0x8B:
            said = ber.text(b, start, min(end, start + 1024))
            return said.partition(":")[2] or None
        o = end
    return None


def outcome(answer: Result) -> str:
    """The word of enums.OUTCOME for a result; Active Directory says in the message why."""
    if answer.code == 49:
        said = _DATA.search(answer.message)
        if said is not None:
            return _DATA_OUTCOMES.get(int(said[1], 16), "wrong_password")
    if answer.code == 1 and answer.message.startswith(_NOT_BOUND):
        return "denied"
    return _RESULT_OUTCOMES.get(answer.code, "error")
