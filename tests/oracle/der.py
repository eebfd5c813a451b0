"""DER written by hand; shares no code with the sensor."""

from __future__ import annotations


def tlv(tag: int, *parts: bytes, long: bool = False) -> bytes:
    """An element; `long`: its length in four bytes, as Windows writes it."""
    content = b"".join(parts)
    n = len(content)
    if long:
        return bytes([tag, 0x84]) + n.to_bytes(4, "big") + content
    if n < 0x80:
        return bytes([tag, n]) + content
    width = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + n.to_bytes(width, "big") + content


def integer(n: int, tag: int = 2) -> bytes:
    return tlv(tag, n.to_bytes((n if n >= 0 else ~n).bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes | str, tag: int = 4) -> bytes:
    return tlv(tag, value.encode() if isinstance(value, str) else value)


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for number in (40 * first + second, *rest):
        n = number
        part = [n & 0x7F]
        while n > 0x7F:
            n >>= 7
            part.append(n & 0x7F | 0x80)
        out += bytes(reversed(part))
    return tlv(6, out)


def seq(*parts: bytes, **form) -> bytes:
    return tlv(0x30, *parts, **form)


def ldap(number: int, operation: bytes, *controls: bytes, long: bool = False) -> bytes:
    """An LDAPMessage."""
    tail = (tlv(0xA0, *controls),) if controls else ()
    return tlv(0x30, integer(number), operation, *tail, long=long)


def ldap_result(
    tag: int, code: int = 0, message: str = "", matched: bytes = b"", *more: bytes
) -> bytes:
    return tlv(tag, integer(code, 10), octets(matched), octets(message), *more)


def search_request(
    base: str = "",
    scope: int = 2,
    flt: bytes = tlv(0x87, b"objectClass"),
    attributes: tuple[str, ...] = (),
) -> bytes:
    limits = integer(0, 10) + integer(0) + integer(0) + tlv(1, b"\0")
    return tlv(0x63, octets(base), integer(scope, 10), limits, flt, seq(*map(octets, attributes)))


def entry(dn: str, *attributes: bytes) -> bytes:
    return tlv(0x64, octets(dn), seq(*attributes))


def paged(cookie: bytes, size: int = 100) -> bytes:
    """The paged-results control."""
    return seq(octets("1.2.840.113556.1.4.319"), octets(seq(integer(size), octets(cookie))))
