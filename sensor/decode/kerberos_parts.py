"""Parts that Kerberos messages share: names, encrypted data, tickets, AP-REQ (RFC 4120 §5.2, 5.3, 5.5).

Knows no exchange and no event. The ticket hash is SHA-256 over the octets of
Ticket.enc-part.cipher alone (the content of the OCTET STRING, no header): those octets travel
unchanged from the reply that issues a ticket into every AP-REQ that shows it, whatever DER
lengths or key version numbers stand around them, so equal hashes mean the same ticket.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from dsl.schema.enums import ETYPE
from sensor.contract import Malformed
from sensor.decode import ber

AP_REQ: Final = 0x6E
AP_REP: Final = 0x6F
KRB_ERROR: Final = 0x7E
TICKET: Final = 0x61

NT_ENTERPRISE: Final = 10
_NAME_PARTS: Final = 16
_UINT32: Final = 0xFFFFFFFF
ANONYMOUS: Final = "WELLKNOWN/ANONYMOUS"


class Principal:
    """A PrincipalName: its type and the text of its components joined by `/`."""

    __slots__ = ("first", "kind", "text")

    def __init__(self, kind: int, first: str, text: str) -> None:
        self.kind = kind
        self.first = first
        self.text = text

    @property
    def is_machine(self) -> bool:
        """Whether this is how computer accounts are called: one component, `$` at its end."""
        return len(self.text) > 1 and self.text.endswith("$") and "/" not in self.text


class Ticket:
    """What a ticket shows without its key; `size` is the length of the cipher in bytes."""

    __slots__ = ("etype", "hash", "kvno", "realm", "service", "size")

    def __init__(self) -> None:
        self.realm = ""
        self.service = ""
        self.etype = 0
        self.kvno: int | None = None
        self.hash = b""
        self.size = 0


def etype_word(number: int) -> str:
    """The word of enums.ETYPE, or `etype_N`."""
    return ETYPE.get(number) or f"etype_{number}"


def account_of(name: str, realm: str, kind: int) -> str | None:
    """The raw account `name@REALM`; an enterprise name is a UPN already; nobody when anonymous."""
    if not name or name == ANONYMOUS:
        return None
    if kind == NT_ENTERPRISE and "@" in name:
        return name
    return f"{name}@{realm}" if realm else name


def string(b: bytes, o: int, e: int) -> str:
    """The string element at `o`."""
    start, stop = ber.header(b, o, e)
    return ber.text(b, start, stop)


def principal(b: bytes, o: int, e: int) -> Principal:
    """The PrincipalName at `o`."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    kind = 0
    parts: list[str] = []
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA0:
            kind = ber.read_integer(b, start, end)[0]
        elif b[o] == 0xA1:
            p, last = ber.expect(b, start, end, ber.SEQUENCE)
            while p < last and len(parts) < _NAME_PARTS:
                first, p = ber.header(b, p, last)
                parts.append(ber.text(b, first, p))
        o = end
    return Principal(kind, parts[0] if parts else "", "/".join(parts))


def encrypted(b: bytes, o: int, e: int) -> tuple[int, int | None, int, int]:
    """Etype, kvno, start and stop of the cipher of the EncryptedData at `o`."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    etype = 0
    kvno: int | None = None
    first = last = 0
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA0:
            etype = ber.read_integer(b, start, end)[0]
        elif b[o] == 0xA1:
            kvno = ber.read_integer(b, start, end)[0] & _UINT32
        elif b[o] == 0xA2:
            first, last = ber.expect(b, start, end, ber.OCTET_STRING)
        o = end
    return etype, kvno, first, last


def ticket(b: bytes, o: int, e: int) -> Ticket:
    """The Ticket at `o`."""
    o, stop = ber.expect(b, o, e, TICKET)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    found = Ticket()
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA1:
            found.realm = string(b, start, end)
        elif b[o] == 0xA2:
            found.service = principal(b, start, end).text
        elif b[o] == 0xA3:
            found.etype, found.kvno, first, last = encrypted(b, start, end)
            found.hash = sha256(b[first:last]).digest()
            found.size = last - first
        o = end
    if not found.hash:
        raise Malformed(f"ticket without enc-part before {stop}")
    return found


def pa_data(b: bytes, o: int, e: int) -> tuple[int, int, int, int]:
    """Type, start and stop of the value, and end of the PA-DATA at `o`."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    kind = 0
    first = last = stop
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA1:
            kind = ber.read_integer(b, start, end)[0]
        elif b[o] == 0xA2:
            first, last = ber.expect(b, start, end, ber.OCTET_STRING)
        o = end
    return kind, first, last, stop


def ap_req(b: bytes, o: int, e: int) -> Ticket | None:
    """The ticket in the AP-REQ at `o`."""
    o, stop = ber.expect(b, o, e, AP_REQ)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA3:
            return ticket(b, start, end)
        o = end
    return None


def error_code(b: bytes, o: int, e: int) -> int | None:
    """The error-code of the KRB-ERROR at `o`."""
    o, stop = ber.expect(b, o, e, KRB_ERROR)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    while o < stop:
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA6:
            return ber.read_integer(b, start, end)[0]
        o = end
    return None
