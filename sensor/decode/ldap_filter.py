"""Search filters: BER to the text of RFC 4515, to a shape, and to the attributes they name.

RFC 4511 §4.5.1.7. Knows no message. Depth, text and attribute count are bounded.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.ldap_attributes import attribute_name

_DEPTH: Final = 64
_DEEPER: Final = "(…)"
_TEXT: Final = 65_536
_ATTRIBUTES: Final = 256
_ESCAPED: Final = frozenset("*()\\\x7f") | frozenset(map(chr, range(32)))


class Filter:
    """`text` as sent (RFC 4515, at most 65,536 characters); `shape`; `attributes`, lower case.

    The shape keeps operators, attributes (lower case), matching rules and where stars stand; every
    value is `?`; the parts of an AND or OR are sorted, equal ones once. So the same tool asking for
    other names, or for more of them, keeps its shape. Filters nested deeper than 64 levels are
    shown to that depth, with `(…)` for the rest.
    """

    __slots__ = ("attributes", "parts", "shape", "text")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.text = ""
        self.shape = ""
        self.attributes: list[str] = []


def search_filter(b: bytes, o: int, e: int) -> Filter:
    """The Filter at `o`."""
    found = Filter()
    found.shape = _filter(found, b, o, e, 0)[:_TEXT]
    found.text = "".join(found.parts)[:_TEXT]
    found.parts.clear()
    return found


def _filter(found: Filter, b: bytes, o: int, e: int, depth: int) -> str:
    """Append the text of the filter at `o` to the parts; its shape."""
    start, stop = ber.header(b, o, e)
    if depth == _DEPTH:
        found.parts.append(_DEEPER)
        return _DEEPER
    tag = b[o]
    if tag in {0xA0, 0xA1}:
        mark = "&" if tag == 0xA0 else "|"
        found.parts.append("(" + mark)
        shapes: set[str] = set()
        while start < stop:
            end = ber.header(b, start, stop)[1]
            shapes.add(_filter(found, b, start, end, depth + 1))
            start = end
        found.parts.append(")")
        return f"({mark}{''.join(sorted(shapes))})"
    if tag == 0xA2:
        found.parts.append("(!")
        inner = _filter(found, b, start, stop, depth + 1)
        found.parts.append(")")
        return f"(!{inner})"
    if tag == 0x87:
        name = ber.text(b, start, stop)
        found.parts.append(f"({name}=*)")
        return f"({_attribute(found, name)}=*)"
    if tag == 0xA4:
        return _substrings(found, b, start, stop)
    if tag == 0xA9:
        return _extensible(found, b, start, stop)
    sign = _COMPARISONS.get(tag)
    if sign is None:
        raise Malformed(f"filter tag {tag:#x} at {o}")
    first, last = ber.expect(b, start, stop, ber.OCTET_STRING)
    name = ber.text(b, first, last)
    first, last = ber.expect(b, last, stop, ber.OCTET_STRING)
    found.parts.append(f"({name}{sign}{_value(b, first, last)})")
    return f"({_attribute(found, name)}{sign}?)"


_COMPARISONS: Final[dict[int, str]] = {0xA3: "=", 0xA5: ">=", 0xA6: "<=", 0xA8: "~="}


def _substrings(found: Filter, b: bytes, o: int, e: int) -> str:
    start, stop = ber.expect(b, o, e, ber.OCTET_STRING)
    name = ber.text(b, start, stop)
    start, stop = ber.expect(b, stop, e, ber.SEQUENCE)
    text = shape = ""
    final = False
    while start < stop:
        first, end = ber.header(b, start, stop)
        if b[start] == 0x80:
            text, shape = _value(b, first, end), "?"
        elif b[start] in {0x81, 0x82}:
            text += "*" + _value(b, first, end)
            shape += "*?"
            final = b[start] == 0x82
        start = end
    if not final:
        text += "*"
        shape += "*"
    found.parts.append(f"({name}={text})")
    return f"({_attribute(found, name)}={shape})"


def _extensible(found: Filter, b: bytes, o: int, e: int) -> str:
    rule = name = value = ""
    dn = False
    while o < e:
        start, end = ber.header(b, o, e)
        if b[o] == 0x81:
            rule = ber.text(b, start, end)
        elif b[o] == 0x82:
            name = ber.text(b, start, end)
        elif b[o] == 0x83:
            value = _value(b, start, end)
        elif b[o] == 0x84:
            dn = any(b[start:end])
        o = end
    tail = (":dn" if dn else "") + (f":{rule}" if rule else "")
    found.parts.append(f"({name}{tail}:={value})")
    return f"({_attribute(found, name) if name else ''}{tail}:=?)"


def _attribute(found: Filter, described: str) -> str:
    """The name in lower case, noted once; by its lDAPDisplayName where an OID was sent."""
    name = attribute_name(described).lower()
    if name not in found.attributes and len(found.attributes) < _ATTRIBUTES:
        found.attributes.append(name)
    return name


def _value(b: bytes, o: int, e: int) -> str:
    """RFC 4515 §3: specials, controls, and every byte that is not UTF-8 text, in hexadecimal."""
    raw = b[o:e]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(
            chr(c) if 32 <= c < 127 and chr(c) not in _ESCAPED else f"\\{c:02x}" for c in raw
        )
    if _ESCAPED.isdisjoint(text):
        return text
    return "".join(f"\\{ord(c):02x}" if c in _ESCAPED else c for c in text)
