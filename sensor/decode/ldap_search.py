"""Searches: the request, what it returned, and paging (RFC 4511 §4.5, RFC 2696).

Also what a CLDAP ping's answer says of the account it asked for (MS-ADTS §6.3.1, 6.3.3).
Knows no flow, pairing or event.
"""

from __future__ import annotations

from typing import Final

from dsl.schema.enums import LDAP_SCOPE
from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.ldap_attributes import attribute_name, identity
from sensor.decode.ldap_filter import Filter, search_filter

_PAGED: Final = b"1.2.840.113556.1.4.319"
_CONTROLS: Final = 32
_ATTRIBUTES: Final = 1000
_RETURNED: Final = 100
_COOKIE: Final = 4096
_USER_UNKNOWN: Final = frozenset({21, 25})
"""LOGON_SAM_USER_UNKNOWN and its _EX form."""


class Search:
    """One search: what was asked at `ts` by `account`, and what came so far."""

    __slots__ = (
        "account", "attributes", "base", "count", "filter", "no_such_user", "returned", "scope",
        "ts",
    )  # fmt: skip

    def __init__(self, ts: int, account: str | None) -> None:
        self.ts = ts
        self.account = account
        self.base = ""
        self.scope: str | None = None
        self.filter = Filter()
        self.attributes: list[str] = []
        self.count = 0
        self.returned: list[str] = []
        self.no_such_user = False

    def entry(self, dn: str) -> None:
        """An entry came; the first hundred names are kept."""
        self.count += 1
        if dn and len(self.returned) < _RETURNED:
            self.returned.append(identity(dn))


def read_request(found: Search, b: bytes, o: int, e: int) -> None:
    """Fill in the SearchRequest whose content is b[o:e]."""
    start, o = ber.expect(b, o, e, ber.OCTET_STRING)
    found.base = ber.text(b, start, o)
    scope, o = ber.read_integer(b, o, e, ber.ENUMERATED)
    if not 0 <= scope < len(LDAP_SCOPE):
        raise Malformed(f"scope {scope} at {o}")
    found.scope = LDAP_SCOPE[scope]
    for _ in range(4):  # derefAliases, sizeLimit, timeLimit, typesOnly
        o = ber.header(b, o, e)[1]
    found.filter = search_filter(b, o, e)
    o = ber.header(b, o, e)[1]
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    while o < stop and len(found.attributes) < _ATTRIBUTES:
        start, o = ber.expect(b, o, stop, ber.OCTET_STRING)
        found.attributes.append(attribute_name(ber.text(b, start, o)).lower())


def paged_cookie(b: bytes, o: int, e: int) -> bytes:
    """The cookie of the paged-results control in the Controls b[o:e]; empty if there is none."""
    if o >= e or b[o] != 0xA0:
        return b""
    o, stop = ber.header(b, o, e)
    for _ in range(_CONTROLS):
        if o >= stop:
            break
        start, end = ber.expect(b, o, stop, ber.SEQUENCE)
        o = end
        first, last = ber.expect(b, start, end, ber.OCTET_STRING)
        if b[first:last] != _PAGED:
            continue
        while last < end:
            start, stop_ = ber.header(b, last, end)
            if b[last] == ber.OCTET_STRING:
                start, stop_ = ber.expect(b, start, stop_, ber.SEQUENCE)
                start = ber.expect(b, start, stop_, ber.INTEGER)[1]
                start, stop_ = ber.expect(b, start, stop_, ber.OCTET_STRING)
                return b[start : min(stop_, start + _COOKIE)]
            last = stop_
    return b""


def user_unknown(b: bytes, o: int, e: int) -> bool:
    """Whether the attributes b[o:e] of an entry hold a netlogon answer `no such user`."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    while o < stop:
        start, o = ber.expect(b, o, stop, ber.SEQUENCE)
        first, last = ber.expect(b, start, o, ber.OCTET_STRING)
        if b[first:last].lower() != b"netlogon":
            continue
        first, last = ber.expect(b, last, o, ber.SET)
        first, last = ber.expect(b, first, last, ber.OCTET_STRING)
        return last - first >= 2 and b[first] in _USER_UNKNOWN and b[first + 1] == 0
    return False
