"""Search filters: BER to the text of RFC 4515, to a shape, and to the attributes they name.

RFC 4511 §4.5.1.7; what Active Directory takes for the same: MS-ADTS §3.1.1.3.1.3.1. Knows no
message. Depth, text and attribute count are bounded.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.ldap_attributes import sid_text
from sensor.decode.ldap_schema import attribute_name

_DEPTH: Final = 64
_DEEPER: Final = "(…)"
_TEXT: Final = 65_536
_ATTRIBUTES: Final = 256
_ACCOUNTS: Final = 100
_ESCAPED: Final = frozenset("*()\\\x7f") | frozenset(map(chr, range(32)))
_NAMES_OF_ACCOUNTS: Final = frozenset({
    "samaccountname", "userprincipalname", "objectsid", "distinguishedname", "user",
})  # fmt: skip
"""Attributes whose value is one account; `User` is that of a netlogon ping (MS-ADTS §6.3.3)."""
_PING: Final = frozenset({"user", "host", "dnsdomain"})

_Shape = tuple[str, frozenset[str]]
"""(`&` or `|`, its parts), or ("", the one item). No parts: always true, or never (RFC 4526)."""


class Filter:
    """`text` as sent (RFC 4515, at most 65,536 characters); `shape`; `attributes`, lower case.

    The shape keeps operators, attributes (lower case), matching rules and where stars stand; every
    value is `?`; the parts of an AND or OR are sorted, equal ones once. So the same tool asking for
    other names, or for more of them, keeps its shape. Spellings of one meaning have one shape:
    nested ANDs are one, NOT stands before items only, `~=` and a match without a rule are `=`, the
    `:dn` that the server ignores is gone. Filters nested deeper than 64 levels are shown to that
    depth, with `(…)` for the rest.

    `accounts`: what is asked for as one account (not negated), raw, at most 100. `ping`: first
    value of User, Host and DnsDomain, by lower-case name.
    """

    __slots__ = ("accounts", "attributes", "parts", "ping", "shape", "text")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.text = ""
        self.shape = ""
        self.attributes: list[str] = []
        self.accounts: list[str] = []
        self.ping: dict[str, str] = {}


def search_filter(b: bytes, o: int, e: int) -> Filter:
    """The Filter at `o`."""
    found = Filter()
    found.shape = _written(_filter(found, b, o, e, 0, negated=False))[:_TEXT]
    found.text = "".join(found.parts)[:_TEXT]
    found.parts.clear()
    return found


def _written(shape: _Shape) -> str:
    mark, parts = shape
    return f"({mark}{''.join(sorted(parts))})" if mark else "".join(parts)


def _filter(found: Filter, b: bytes, o: int, e: int, depth: int, *, negated: bool) -> _Shape:
    """Append the text of the filter at `o` to the parts; its shape, or that of its negation."""
    start, stop = ber.header(b, o, e)
    if depth == _DEPTH:
        found.parts.append(_DEEPER)
        return _one(_DEEPER, negated=negated)
    tag = b[o]
    if tag in {0xA0, 0xA1}:
        found.parts.append("(&" if tag == 0xA0 else "(|")
        shapes: list[_Shape] = []
        while start < stop:
            end = ber.header(b, start, stop)[1]
            shapes.append(_filter(found, b, start, end, depth + 1, negated=negated))
            start = end
        found.parts.append(")")
        # De Morgan: of a negated AND there is the OR of its negated parts
        return _joined("&" if (tag == 0xA0) is not negated else "|", shapes)
    if tag == 0xA2:
        found.parts.append("(!")
        inner = _filter(found, b, start, stop, depth + 1, negated=not negated)
        found.parts.append(")")
        return inner
    return _one(_item(found, tag, b, start, stop, negated=negated), negated=negated)


def _one(item: str, *, negated: bool) -> _Shape:
    return "", frozenset((f"(!{item})" if negated else item,))


def _joined(mark: str, shapes: list[_Shape]) -> _Shape:
    """The AND or OR of shapes: nested ones of the same kind dissolve, so does one of one part."""
    parts: set[str] = set()
    other: _Shape | None = None
    for shape in shapes:
        if shape[0] in {mark, ""}:
            parts |= shape[1]
        elif not shape[1]:
            return shape  # never, in an AND; always, in an OR
        else:
            other = shape
            parts.add(_written(shape))
    if len(parts) == 1:
        return ("", frozenset(parts)) if other is None else other
    return mark, frozenset(parts)


_COMPARISONS: Final[dict[int, str]] = {0xA3: "=", 0xA5: ">=", 0xA6: "<=", 0xA8: "~="}


def _item(found: Filter, tag: int, b: bytes, o: int, e: int, *, negated: bool) -> str:
    """Append the text of an item whose content is b[o:e]; its shape."""
    if tag == 0x87:
        name = ber.text(b, o, e)
        found.parts.append(f"({name}=*)")
        return f"({_attribute(found, name)}=*)"
    if tag == 0xA4:
        return _substrings(found, b, o, e)
    if tag == 0xA9:
        return _extensible(found, b, o, e, negated=negated)
    sign = _COMPARISONS.get(tag)
    if sign is None:
        raise Malformed(f"filter tag {tag:#x} at {o}")
    first, last = ber.expect(b, o, e, ber.OCTET_STRING)
    name = ber.text(b, first, last)
    first, last = ber.expect(b, last, e, ber.OCTET_STRING)
    found.parts.append(f"({name}{sign}{_value(b, first, last)})")
    name = _attribute(found, name)
    if sign in {"=", "~="}:
        sign = "="
        if not negated:
            _equal(found, name, b, first, last)
    return f"({name}{sign}?)"


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


def _extensible(found: Filter, b: bytes, o: int, e: int, *, negated: bool) -> str:
    rule = name = ""
    first = last = o
    dn = False
    while o < e:
        start, end = ber.header(b, o, e)
        if b[o] == 0x81:
            rule = ber.text(b, start, end)
        elif b[o] == 0x82:
            name = ber.text(b, start, end)
        elif b[o] == 0x83:
            first, last = start, end
        elif b[o] == 0x84:
            dn = any(b[start:end])
        o = end
    tail = (":dn" if dn else "") + (f":{rule}" if rule else "")
    found.parts.append(f"({name}{tail}:={_value(b, first, last)})")
    if not name:
        return f"(:{rule.lower()}:=?)"
    name = _attribute(found, name)
    if rule:
        return f"({name}:{rule.lower()}:=?)"
    if not negated:
        _equal(found, name, b, first, last)
    return f"({name}=?)"


def _attribute(found: Filter, described: str) -> str:
    """The name in lower case, noted once; by its lDAPDisplayName where an OID was sent."""
    name = attribute_name(described).lower()
    if name not in found.attributes and len(found.attributes) < _ATTRIBUTES:
        found.attributes.append(name)
    return name


def _equal(found: Filter, name: str, b: bytes, o: int, e: int) -> None:
    """An equality that is asked for: note what names an account, and what a ping tells."""
    if name in _PING and name not in found.ping:
        found.ping[name] = ber.text(b, o, min(e, o + 1024))
    if name not in _NAMES_OF_ACCOUNTS or o == e or len(found.accounts) >= _ACCOUNTS:
        return
    value = sid_text(b[o:e]) if name == "objectsid" and e - o <= 68 else None
    value = value or ber.text(b, o, min(e, o + 1024)).strip()
    if value and value not in found.accounts:
        found.accounts.append(value)


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
