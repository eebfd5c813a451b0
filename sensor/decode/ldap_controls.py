"""Controls of a message: which are sent, and the cookie of paging (RFC 4511 §4.1.11, RFC 2696).

Knows no operation.
"""

from __future__ import annotations

from typing import Final

from dsl.schema.enums import LDAP_CONTROL
from sensor.decode import ber

CONTROLS: Final = 0xA0
_PAGED: Final = b"1.2.840.113556.1.4.319"
_MOST: Final = 32
_OID: Final = 128
_COOKIE: Final = 4096


class Controls:
    """`names`: words of enums.LDAP_CONTROL or identifiers, in order, each once, at most 32.

    `cookie`: of the paged-results control; empty where there is none, or at the first page.
    """

    __slots__ = ("cookie", "names")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.cookie = b""


NONE: Final = Controls()


def controls(b: bytes, o: int, e: int) -> Controls:
    """The Controls at b[o:e]; `NONE` if nothing stands there."""
    if o >= e or b[o] != CONTROLS:
        return NONE
    found = Controls()
    o, stop = ber.header(b, o, e)
    for _ in range(_MOST):
        if o >= stop:
            break
        start, end = ber.expect(b, o, stop, ber.SEQUENCE)
        o = end
        first, last = ber.expect(b, start, end, ber.OCTET_STRING)
        identifier = ber.text(b, first, min(last, first + _OID))
        name = LDAP_CONTROL.get(identifier, identifier)
        if name not in found.names:
            found.names.append(name)
        if b[first:last] == _PAGED:
            found.cookie = _cookie(b, last, end)
    return found


def _cookie(b: bytes, o: int, e: int) -> bytes:
    """The cookie in the rest b[o:e] of a paged-results control: criticality, value."""
    while o < e:
        start, stop = ber.header(b, o, e)
        if b[o] == ber.OCTET_STRING:
            start, stop = ber.expect(b, start, stop, ber.SEQUENCE)
            start = ber.expect(b, start, stop, ber.INTEGER)[1]
            start, stop = ber.expect(b, start, stop, ber.OCTET_STRING)
            return b[start : min(stop, start + _COOKIE)]
        o = stop
    return b""
