"""Searches: the request and what it returned (RFC 4511 §4.5).

Also what a netlogon ping's answer says of the account it asked for (MS-ADTS §6.3.1, 6.3.3).
Knows no flow, pairing or event.
"""

from __future__ import annotations

from typing import Final

from dsl.schema.enums import LDAP_SCOPE
from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.ldap_attributes import identity
from sensor.decode.ldap_filter import Filter, search_filter
from sensor.decode.ldap_schema import attribute_name

_ATTRIBUTES: Final = 1000
_RETURNED: Final = 100
_NETLOGON: Final = "netlogon"
_USER_UNKNOWN: Final = frozenset({21, 25})
"""LOGON_SAM_USER_UNKNOWN and its _EX form."""


class Search:
    """One search: what was asked at `ts` by `account`, and what came so far."""

    __slots__ = (
        "account", "attributes", "base", "controls", "count", "filter", "no_such_user", "returned",
        "scope", "ts",
    )  # fmt: skip

    def __init__(self, ts: int, account: str | None) -> None:
        self.ts = ts
        self.account = account
        self.base = ""
        self.scope: str | None = None
        self.filter = Filter()
        self.attributes: list[str] = []
        self.controls: list[str] = []
        self.count = 0
        self.returned: list[str] = []
        self.no_such_user = False

    @property
    def is_ping(self) -> bool:
        """Whether this asks a domain controller of itself and, maybe, of an account (netlogon)."""
        return _NETLOGON in self.attributes

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
