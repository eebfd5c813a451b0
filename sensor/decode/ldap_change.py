"""Writes: add, modify, delete and modifyDN as rows, one a value (RFC 4511 §4.6–4.9).

A `member` value is a row of `group_change`, any other of `directory_change`. Rows are made when
the request is read and get their outcome with the response. Knows no flow and no pairing.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber
from sensor.decode.ldap_attributes import identity, value_text
from sensor.decode.ldap_schema import attribute_name, class_name

MODIFY: Final = 0x66
ADD: Final = 0x68
DELETE: Final = 0x4A
MODIFY_DN: Final = 0x6C
REQUESTS: Final = frozenset({MODIFY, ADD, DELETE, MODIFY_DN})

_OPERATIONS: Final[dict[int, str]] = {0: "add", 1: "delete", 2: "replace", 3: "replace"}
_ROWS: Final = 5000
_MEMBER: Final = "member"


class Row:
    """One value written: `attribute` None for the object itself, `value` None if none or secret."""

    __slots__ = ("attribute", "old_value", "op", "value")

    def __init__(self, attribute: str | None, op: str, value: str | None) -> None:
        self.attribute = attribute
        self.op = op
        self.value = value
        self.old_value: str | None = None

    @property
    def is_member(self) -> bool:
        """Whether this is a row of `group_change`."""
        return self.attribute == _MEMBER


class Change:
    """One request: the object's DN, its class if told, the rows, and how many were left out.

    `object_class` is the last value of objectClass, the most derived; `classes` all, lower case.
    """

    __slots__ = ("classes", "left_out", "object", "object_class", "rows")

    def __init__(self, dn: str) -> None:
        self.object = identity(dn)
        self.object_class: str | None = None
        self.classes: set[str] = set()
        self.rows: list[Row] = []
        self.left_out = 0


def change(tag: int, b: bytes, o: int, e: int) -> Change:
    """The request with this tag whose content is b[o:e]."""
    if tag == DELETE:
        found = Change(ber.text(b, o, e))
        found.rows.append(Row(None, "delete", None))
        return found
    start, o = ber.expect(b, o, e, ber.OCTET_STRING)
    found = Change(ber.text(b, start, o))
    if tag == MODIFY_DN:
        _modify_dn(found, b, o, e)
        return found
    if tag == ADD:
        found.rows.append(Row(None, "add", None))
    o, stop = ber.expect(b, o, e, ber.SEQUENCE)
    while o < stop:
        start, o = ber.expect(b, o, stop, ber.SEQUENCE)
        end = o
        op = "add"
        if tag == MODIFY:
            code, start = ber.read_integer(b, start, end, ber.ENUMERATED)
            op = _OPERATIONS.get(code, "")
            if not op:
                raise Malformed(f"modify operation {code} at {start}")
            start, end = ber.expect(b, start, end, ber.SEQUENCE)
        _values(found, op, b, start, end)
    return found


def _values(found: Change, op: str, b: bytes, o: int, e: int) -> None:
    """A row for each value of the (Partial)Attribute whose content is b[o:e]; one if it has none."""
    start, o = ber.expect(b, o, e, ber.OCTET_STRING)
    name = attribute_name(ber.text(b, start, o))
    o, stop = ber.expect(b, o, e, ber.SET)
    if o == stop:
        found.rows.append(Row(name, op, None))
    while o < stop:
        start, o = ber.expect(b, o, stop, ber.OCTET_STRING)
        if len(found.rows) >= _ROWS:
            found.left_out += 1
            continue
        value = value_text(name, b, start, o)
        if value is not None and name == _MEMBER:
            value = identity(value)
        found.rows.append(Row(name, op, value))
        if name == "objectClass":
            found.object_class = value
            if value is not None:
                found.classes.add(class_name(value))


def _modify_dn(found: Change, b: bytes, o: int, e: int) -> None:
    """The new DN: newrdn under newSuperior, or under the old parent."""
    start, o = ber.expect(b, o, e, ber.OCTET_STRING)
    rdn = ber.text(b, start, o)
    o = ber.expect(b, o, e, ber.BOOLEAN)[1]
    parent = _parent(found.object)
    if o < e:
        start, end = ber.expect(b, o, e, 0x80)
        parent = ber.text(b, start, end)
    row = Row(None, "replace", f"{rdn},{parent}" if parent else rdn)
    row.old_value = found.object
    found.rows.append(row)


def _parent(dn: str) -> str:
    """Everything behind the first comma that is not escaped."""
    i = 0
    while i < len(dn):
        if dn[i] == "\\":
            i += 1
        elif dn[i] == ",":
            return dn[i + 1 :]
        i += 1
    return ""
