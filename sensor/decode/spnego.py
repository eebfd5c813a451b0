"""SPNEGO and GSS-API initial tokens, opened to the token inside (RFC 4178 §4.2, RFC 2743 §3.1).

Also the framing of Kerberos inside GSS-API (RFC 4121 §4.1). Says which mechanism and where its
token lies; knows neither NTLM nor Kerberos messages, no carrier and no event.
"""

from __future__ import annotations

from typing import Final

from sensor.decode import ber

SPNEGO: Final = "1.3.6.1.5.5.2"
MECHANISMS: Final[dict[str, str]] = {
    "1.3.6.1.4.1.311.2.2.10": "ntlm",
    "1.2.840.113554.1.2.2": "kerberos",
    "1.2.840.48018.1.2.2": "kerberos",
    "1.2.840.113554.1.2.2.3": "kerberos",
    "1.3.6.1.4.1.311.2.2.30": "negoex",
    SPNEGO: "spnego",
}
"""Words of enums.AUTH_MECHANISM; Windows lists Kerberos under a mistyped OID too (MS-SPNG §2.2.2)."""

ACCEPT_COMPLETED: Final = 0
REJECT: Final = 2
GSS: Final = 0x60
_NEG_TOKEN_INIT: Final = 0xA0
_NEG_TOKEN_RESP: Final = 0xA1


class Token:
    """What a token says.

    `mechanism` first offered, or chosen, by word or OID; `state` of the negotiation; bounds of
    the token inside (start == stop if there is none).
    """

    __slots__ = ("mechanism", "start", "state", "stop")

    def __init__(self) -> None:
        self.mechanism: str | None = None
        self.state: int | None = None
        self.start = 0
        self.stop = 0


def is_spnego(b: bytes, o: int, e: int) -> bool:
    """Whether a token begins as SPNEGO or any GSS-API initial token does."""
    return o < e and b[o] in {GSS, _NEG_TOKEN_INIT, _NEG_TOKEN_RESP}


def token(b: bytes, o: int, e: int) -> Token:
    """The token at `o`: SPNEGO of either side, or another mechanism in GSS-API framing."""
    found = Token()
    if b[o] == GSS:
        start, stop = ber.header(b, o, e)
        first, start = ber.expect(b, start, stop, ber.OID)
        name = ber.oid(b, first, start)
        if name != SPNEGO:
            found.mechanism = MECHANISMS.get(name, name)
            found.start, found.stop = start, stop
            return found
        o, e = start, stop
    start, stop = ber.header(b, o, e)
    start, stop = ber.expect(b, start, stop, ber.SEQUENCE)
    reply = b[o] == _NEG_TOKEN_RESP
    while start < stop:
        first, end = ber.header(b, start, stop)
        tag = b[start]
        if tag == 0xA0 and reply:
            found.state = ber.read_integer(b, first, end, ber.ENUMERATED)[0]
        elif tag == 0xA0:
            found.mechanism = _first_mechanism(b, first, end)
        elif tag == 0xA1 and reply:
            first, last = ber.expect(b, first, end, ber.OID)
            name = ber.oid(b, first, last)
            found.mechanism = MECHANISMS.get(name, name)
        elif tag == 0xA2:
            found.start, found.stop = ber.expect(b, first, end, ber.OCTET_STRING)
        start = end
    return found


def _first_mechanism(b: bytes, o: int, e: int) -> str | None:
    """The preferred of the mechTypes: the token inside, if any, is of that one."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    if o == stop:
        return None
    start, end = ber.expect(b, o, stop, ber.OID)
    name = ber.oid(b, start, end)
    return MECHANISMS.get(name, name)
