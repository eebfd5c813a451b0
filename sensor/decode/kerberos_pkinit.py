"""The client certificate in PA-PK-AS-REQ (RFC 4556 §3.2.1, RFC 5652 §5, RFC 5280 §4.1).

Reads of the certificate what detections compare; verifies nothing and knows no Kerberos message.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final

from sensor.decode import ber

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_EKU: Final = bytes.fromhex("551d25")
_NTDS_CA_SECURITY: Final = bytes.fromhex("2b0601040182371902")
_SID: Final = b"S-1-"
_ATTRIBUTES: Final[dict[str, str]] = {
    "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O",
    "2.5.4.11": "OU", "2.5.4.5": "serialNumber", "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "E",
}  # fmt: skip
_LIST: Final = 32
_ESCAPED: Final = '",+;<>\\='


class Certificate:
    """Issuer DN (RFC 4514), serial (hex), SHA-1 thumbprint (hex), EKU OIDs, SIDs."""

    __slots__ = ("ekus", "issuer", "serial", "sids", "thumbprint")

    def __init__(self) -> None:
        self.issuer = ""
        self.serial = ""
        self.thumbprint = ""
        self.ekus: list[str] = []
        self.sids: list[str] = []


def client_certificate(b: bytes, o: int, e: int) -> Certificate | None:
    """The certificate whose key signed the request; the first one where that cannot be told."""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    start, stop = ber.header(b, o, stop)
    if b[o] != 0x80:
        return None
    start, stop = ber.expect(b, start, stop, ber.SEQUENCE)
    first, end = ber.expect(b, start, stop, ber.OID)
    if ber.oid(b, first, end) != _SIGNED_DATA:
        return None
    start, stop = ber.expect(b, end, stop, 0xA0)
    start, stop = ber.expect(b, start, stop, ber.SEQUENCE)
    certificates: list[tuple[int, int]] = []
    signer = ""
    while start < stop:
        first, end = ber.header(b, start, stop)
        if b[start] == 0xA0:
            while first < end and len(certificates) < _LIST:
                last = ber.header(b, first, end)[1]
                if b[first] == ber.SEQUENCE:
                    certificates.append((first, last))
                first = last
        elif b[start] == ber.SET and certificates:
            signer = _signer_serial(b, first, end)
        start = end
    found: Certificate | None = None
    for first, last in certificates:
        one = _certificate(b, first, last)
        if one.serial == signer:
            return one
        found = found or one
    return found


def _signer_serial(b: bytes, o: int, e: int) -> str:
    """Serial in the IssuerAndSerialNumber of the first SignerInfo; empty if named by key id."""
    if o == e:
        return ""
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    o = ber.expect(b, o, stop, ber.INTEGER)[1]
    start, end = ber.header(b, o, stop)
    if b[o] != ber.SEQUENCE:
        return ""
    start = ber.expect(b, start, end, ber.SEQUENCE)[1]
    start, end = ber.expect(b, start, end, ber.INTEGER)
    return _hex(b[start:end])


def _hex(serial: bytes) -> str:
    return (serial.lstrip(b"\0") or b"\0")[:64].hex()


def _certificate(b: bytes, o: int, e: int) -> Certificate:
    found = Certificate()
    found.thumbprint = sha1(b[o:e], usedforsecurity=False).hexdigest()
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    o, stop = ber.expect(b, o, stop, ber.SEQUENCE)
    start, end = ber.header(b, o, stop)
    if b[o] == 0xA0:
        start, end = ber.expect(b, end, stop, ber.INTEGER)
    found.serial = _hex(b[start:end])
    end = ber.expect(b, end, stop, ber.SEQUENCE)[1]
    start, end = ber.expect(b, end, stop, ber.SEQUENCE)
    found.issuer = _name(b, start, end)
    while end < stop:
        o = end
        start, end = ber.header(b, o, stop)
        if b[o] == 0xA3:
            _extensions(found, b, start, end)
    return found


def _name(b: bytes, o: int, e: int) -> str:
    """An RDNSequence as RFC 4514 writes it: last RDN first."""
    parts: list[str] = []
    while o < e and len(parts) < _LIST:
        start, o = ber.expect(b, o, e, ber.SET)
        pairs: list[str] = []
        while start < o and len(pairs) < _LIST:
            first, last = ber.expect(b, start, o, ber.SEQUENCE)
            start = last
            head, end = ber.expect(b, first, last, ber.OID)
            kind = ber.oid(b, head, end)
            head, last = ber.header(b, end, last)
            encoding = "utf-16-be" if b[end] == 0x1E else "utf-8"
            value = b[head:last].decode(encoding, "backslashreplace")
            escaped = "".join("\\" + c if c in _ESCAPED else c for c in value)
            pairs.append(f"{_ATTRIBUTES.get(kind, kind)}={escaped}")
        parts.append("+".join(pairs))
    return ",".join(reversed(parts))


def _extensions(found: Certificate, b: bytes, o: int, e: int) -> None:
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    while o < stop:
        first, o = ber.expect(b, o, stop, ber.SEQUENCE)
        start, end = ber.expect(b, first, o, ber.OID)
        name = b[start:end]
        if end < o and b[end] == ber.BOOLEAN:
            end = ber.header(b, end, o)[1]
        start, end = ber.expect(b, end, o, ber.OCTET_STRING)
        if name == _EKU:
            start, end = ber.expect(b, start, end, ber.SEQUENCE)
            while start < end and len(found.ekus) < _LIST:
                first, start = ber.expect(b, start, end, ber.OID)
                found.ekus.append(ber.oid(b, first, start))
        elif name == _NTDS_CA_SECURITY:
            _sids(found, b, start, end)


def _sids(found: Certificate, b: bytes, o: int, e: int) -> None:
    """MS-WCCE §2.2.2.7.7.4: GeneralNames with an otherName whose value is the SID as text."""
    at = b.find(_SID, o, e)
    while at >= 0 and len(found.sids) < _LIST:
        end = at + len(_SID)
        while end < e and (48 <= b[end] <= 57 or b[end] == 45):
            end += 1
        found.sids.append(b[at:end].decode("ascii"))
        at = b.find(_SID, end, e)
