"""AS-REP, TGS-REP and KRB-ERROR as plain records (RFC 4120 §5.4.2, 5.9.1; MS-KILE §2.2.1).

Knows no flow, pairing or event.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.kerberos_parts import (
    KRB_ERROR,
    Principal,
    Ticket,
    encrypted,
    pa_data,
    principal,
    string,
    ticket,
)

AS_REP: Final = 0x6B
TGS_REP: Final = 0x6D

_PA_ETYPE_INFO: Final = 11
_PA_ETYPE_INFO2: Final = 19
_KERB_ERR_TYPE_EXTENDED: Final = 3
_KPASSWD_RESULTS: Final = 7
_LIST: Final = 64


class Reply:
    """An AS-REP or TGS-REP."""

    __slots__ = ("cname", "etype", "realm", "tag", "ticket")

    def __init__(self, tag: int) -> None:
        self.tag = tag
        self.realm = ""
        self.cname: Principal | None = None
        self.ticket: Ticket | None = None
        self.etype: int | None = None


class Failure:
    """A KRB-ERROR; `status` is the NTSTATUS of KERB-EXT-ERROR, `offered` the ETYPE-INFO2,
    `kpasswd` the result code that a password service puts there (RFC 3244 §2).
    """

    __slots__ = ("cname", "code", "crealm", "kpasswd", "offered", "realm", "sname", "status")

    def __init__(self) -> None:
        self.code = 0
        self.crealm = ""
        self.cname: Principal | None = None
        self.realm = ""
        self.sname: Principal | None = None
        self.offered: list[int] | None = None
        self.status: int | None = None
        self.kpasswd: int | None = None


def reply(b: bytes, o: int, e: int) -> Reply:
    """The AS-REP or TGS-REP at `o`."""
    found = Reply(b[o])
    o, stop = ber.header(b, o, e)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA3:
            found.realm = string(b, start, end)
        elif b[o] == 0xA4:
            found.cname = principal(b, start, end)
        elif b[o] == 0xA5:
            found.ticket = ticket(b, start, end)
        elif b[o] == 0xA6:
            found.etype = encrypted(b, start, end)[0]
        o = end
    if found.ticket is None:
        raise Malformed(f"reply without ticket before {stop}")
    return found


def failure(b: bytes, o: int, e: int) -> Failure:
    """The KRB-ERROR at `o`."""
    found = Failure()
    o, stop = ber.expect(b, o, e, KRB_ERROR)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    code: int | None = None
    while o < stop:
        start, end = ber.header(b, o, stop)
        tag = b[o]
        if tag == 0xA6:
            code = ber.read_integer(b, start, end)[0]
        elif tag == 0xA7:
            found.crealm = string(b, start, end)
        elif tag == 0xA8:
            found.cname = principal(b, start, end)
        elif tag == 0xA9:
            found.realm = string(b, start, end)
        elif tag == 0xAA:
            found.sname = principal(b, start, end)
        elif tag == 0xAC:
            start, end = ber.expect(b, start, end, ber.OCTET_STRING)
            _error_data(found, b, start, end)
        o = end
    if code is None:
        raise Malformed(f"error without error-code before {stop}")
    found.code = code
    return found


def _error_data(found: Failure, b: bytes, o: int, e: int) -> None:
    """METHOD-DATA, or a single KERB-ERROR-DATA of the same form; other content says nothing.

    Its form depends on the error code and the KDC, so what cannot be read is passed over: the
    error itself stands.
    """
    if e - o >= 2 and b[o] == 0 and b[o + 1] <= _KPASSWD_RESULTS:
        found.kpasswd = b[o + 1]
        return
    try:
        start, stop = ber.expect(b, o, e, ber.SEQUENCE)
        if start < stop and b[start] == 0xA1:
            start, stop = o, e
        count = 0
        while start < stop and count < _LIST:
            count += 1
            kind, first, last, start = pa_data(b, start, stop)
            if kind == _PA_ETYPE_INFO2 or (kind == _PA_ETYPE_INFO and found.offered is None):
                found.offered = _etype_info(b, first, last)
            elif kind == _KERB_ERR_TYPE_EXTENDED and last - first == 12:
                found.status = int.from_bytes(b[first : first + 4], "little")
    except Malformed:
        return


def _etype_info(b: bytes, o: int, e: int) -> list[int]:
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    found: list[int] = []
    while o < stop and len(found) < _LIST:
        start, o = ber.expect(b, o, stop, ber.SEQUENCE)
        start, end = ber.expect(b, start, o, 0xA0)
        found.append(ber.read_integer(b, start, end)[0])
    return found
