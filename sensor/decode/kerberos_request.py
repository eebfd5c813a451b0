"""AS-REQ and TGS-REQ as plain records (RFC 4120 §5.4.1).

Pre-authentication data is read only as far as the event schema asks (RFC 4120 §5.2.7, RFC 6113,
MS-KILE §2.2, MS-SFU §2.2). Knows no flow, pairing or event.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.kerberos_parts import (
    Principal,
    Ticket,
    account_of,
    ap_req,
    encrypted,
    pa_data,
    principal,
    string,
    ticket,
)
from sensor.decode.kerberos_pkinit import Certificate, client_certificate

AS_REQ: Final = 0x6A
TGS_REQ: Final = 0x6C
CNAME_IN_ADDL_TKT: Final = 14
ENC_TKT_IN_SKEY: Final = 28

_PA_TGS_REQ: Final = 1
_PA_ENC_TIMESTAMP: Final = 2
_PA_PK_AS_REQ: Final = 16
_PA_PAC_REQUEST: Final = 128
_PA_FOR_USER: Final = 129
_PA_S4U_X509_USER: Final = 130
_PA_FX_FAST: Final = 136
_PA_PAC_OPTIONS: Final = 167
_ARMOR_AP_REQUEST: Final = 1
_LIST: Final = 64


class Request:
    """An AS-REQ or TGS-REQ. Times are microseconds since 1970; etypes and padata are numbers."""

    __slots__ = (
        "addresses", "armor", "authz_data", "certificate", "cname", "etypes", "evidence",
        "for_user", "include_pac", "nonce", "options", "pac_options", "padata", "preauth_etype",
        "realm", "rtime", "sname", "start", "tag", "tgt", "till",
    )  # fmt: skip

    def __init__(self, tag: int) -> None:
        self.tag = tag
        self.padata: list[int] = []
        self.options: list[int] = []
        self.cname: Principal | None = None
        self.realm = ""
        self.sname: Principal | None = None
        self.start: int | None = None
        self.till: int | None = None
        self.rtime: int | None = None
        self.nonce: int | None = None
        self.etypes: list[int] = []
        self.addresses: list[str] | None = None
        self.authz_data = False
        self.evidence: Ticket | None = None
        self.tgt: Ticket | None = None
        self.for_user: str | None = None
        self.include_pac: bool | None = None
        self.pac_options: list[int] | None = None
        self.armor: Ticket | None = None
        self.preauth_etype: int | None = None
        self.certificate: Certificate | None = None


def request(b: bytes, o: int, e: int) -> Request:
    """The AS-REQ or TGS-REQ at `o`."""
    found = Request(b[o])
    o, stop = ber.header(b, o, e)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    body = False
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA3:
            _padata(found, b, start, end)
        elif b[o] == 0xA4:
            _body(found, b, start, end)
            body = True
        o = end
    if not body:
        raise Malformed(f"no req-body before {stop}")
    return found


def _padata(found: Request, b: bytes, o: int, e: int) -> None:
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    while o < stop and len(found.padata) < _LIST:
        kind, start, end, o = pa_data(b, o, stop)
        found.padata.append(kind)
        try:
            _pa_value(found, kind, b, start, end)
        except Malformed:
            continue  # the KDC may ignore it; the request is still seen, with its type


def _pa_value(found: Request, kind: int, b: bytes, o: int, e: int) -> None:
    if kind == _PA_TGS_REQ and found.tgt is None:
        found.tgt = ap_req(b, o, e)
    elif kind == _PA_ENC_TIMESTAMP:
        found.preauth_etype = encrypted(b, o, e)[0]
    elif kind == _PA_PAC_REQUEST:
        found.include_pac = _pac_request(b, o, e)
    elif kind == _PA_FOR_USER:
        found.for_user = _for_user(b, o, e) or found.for_user
    elif kind == _PA_S4U_X509_USER:
        found.for_user = _s4u_x509_user(b, o, e) or found.for_user
    elif kind == _PA_PK_AS_REQ:
        found.certificate = client_certificate(b, o, e)
    elif kind == _PA_PAC_OPTIONS:
        found.pac_options = _pac_options(b, o, e)
    elif kind == _PA_FX_FAST:
        found.armor = _armor(b, o, e)


def _pac_request(b: bytes, o: int, e: int) -> bool | None:
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    if o == stop:
        return None
    start, end = ber.expect(b, o, stop, 0xA0)
    start, end = ber.expect(b, start, end, ber.BOOLEAN)
    return any(b[start:end])


def _pac_options(b: bytes, o: int, e: int) -> list[int]:
    """Bits of PA-PAC-OPTIONS (MS-KILE §2.2.10)."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    start, end = ber.expect(b, o, stop, 0xA0)
    start, end = ber.expect(b, start, end, ber.BIT_STRING)
    return ber.bits(b, start, end)


def _armor(b: bytes, o: int, e: int) -> Ticket | None:
    """The ticket that armors the request, in PA-FX-FAST-REQUEST (RFC 6113 §5.4.2): all else in
    there is sealed. A TGS request shows none, its own TGT armors it.
    """
    o, stop = ber.expect(b, o, e, 0xA0)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    if o == stop or b[o] != 0xA0:
        return None
    o, stop = ber.expect(b, o, stop, 0xA0)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    kind = 0
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA0:
            kind = ber.read_integer(b, start, end)[0]
        elif b[o] == 0xA1 and kind == _ARMOR_AP_REQUEST:
            start, end = ber.expect(b, start, end, ber.OCTET_STRING)
            return ap_req(b, start, end)
        o = end
    return None


def _for_user(b: bytes, o: int, e: int) -> str | None:
    """`name@REALM` of PA-FOR-USER (MS-SFU §2.2.1): [0] userName, [1] userRealm."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    return _named(b, o, stop, 0xA0)


def _s4u_x509_user(b: bytes, o: int, e: int) -> str | None:
    """The same of PA-S4U-X509-USER (MS-SFU §2.2.2): user-id has [1] cname, [2] crealm."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    o, stop = ber.expect(b, o, stop, 0xA0)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    return _named(b, o, stop, 0xA1)


def _named(b: bytes, o: int, e: int, tag: int) -> str | None:
    """The account of a name under `tag` and a realm under the tag after it."""
    name: Principal | None = None
    realm = ""
    while o < e:
        start, end = ber.header(b, o, e)
        if b[o] == tag:
            name = principal(b, start, end)
        elif b[o] == tag + 1:
            realm = string(b, start, end)
        o = end
    return account_of(name.text, realm, name.kind) if name else None


def _body(found: Request, b: bytes, o: int, e: int) -> None:
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    while o < stop:
        start, end = ber.header(b, o, stop)
        tag = b[o]
        if tag == 0xA0:
            first, last = ber.expect(b, start, end, ber.BIT_STRING)
            found.options = ber.bits(b, first, last)
        elif tag == 0xA1:
            found.cname = principal(b, start, end)
        elif tag == 0xA2:
            found.realm = string(b, start, end)
        elif tag == 0xA3:
            found.sname = principal(b, start, end)
        elif 0xA4 <= tag <= 0xA6:
            first, last = ber.header(b, start, end)
            when = ber.time(b, first, last)
            if tag == 0xA4:
                found.start = when
            elif tag == 0xA5:
                found.till = when
            else:
                found.rtime = when
        elif tag == 0xA7:
            found.nonce = ber.read_integer(b, start, end)[0]
        elif tag == 0xA8:
            found.etypes = _integers(b, start, end)
        elif tag == 0xA9:
            found.addresses = _addresses(b, start, end)
        elif tag == 0xAA:
            found.authz_data = True
        elif tag == 0xAB:
            first, last = ber.expect(b, start, end, ber.SEQUENCE)
            if first < last:
                found.evidence = ticket(b, first, last)
        o = end


def _integers(b: bytes, o: int, e: int) -> list[int]:
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    found: list[int] = []
    while o < stop and len(found) < _LIST:
        value, o = ber.read_integer(b, o, stop)
        found.append(value)
    return found


def _addresses(b: bytes, o: int, e: int) -> list[str]:
    """HostAddresses as text: IPv4 (2), IPv6 (24), NetBIOS (20, padded), else `TYPE:hex`."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    found: list[str] = []
    while o < stop and len(found) < _LIST:
        p, last = ber.expect(b, o, stop, ber.SEQUENCE)
        o = last
        kind = 0
        address = b""
        while p < last:
            start, end = ber.header(b, p, last)
            if b[p] == 0xA0:
                kind = ber.read_integer(b, start, end)[0]
            elif b[p] == 0xA1:
                start, end = ber.expect(b, start, end, ber.OCTET_STRING)
                address = b[start : min(end, start + 256)]
            p = end
        if kind == 2 and len(address) == 4:
            found.append(".".join(str(octet) for octet in address))
        elif kind == 24 and len(address) == 16:
            found.append(":".join(address[i : i + 2].hex() for i in range(0, 16, 2)))
        elif kind == 20:
            found.append(address.decode("ascii", "backslashreplace").rstrip("\0 "))
        else:
            found.append(f"{kind}:{address.hex()}")
    return found
