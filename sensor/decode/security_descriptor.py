"""Security descriptors as SDDL text, as Windows prints them in 5136 (MS-DTYP §2.4.6, §2.5.1).

So a right granted over LDAP reads the same on the wire and in the log. Names stand for well-known
SIDs only: those of a domain keep their numbers, since bytes do not say whose domain it is. A pure
codec; knows no attribute and no message.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed

LONGEST: Final = 65_536
"""Bytes of a descriptor that are read."""
_HEAD: Final = 20
_DACL_PRESENT: Final = 0x0004
_SACL_PRESENT: Final = 0x0010
_DACL_FLAGS: Final[dict[int, str]] = {0x1000: "P", 0x0100: "AR", 0x0400: "AI"}
_SACL_FLAGS: Final[dict[int, str]] = {0x2000: "P", 0x0200: "AR", 0x0800: "AI"}
_TYPES: Final[dict[int, str]] = {
    0x00: "A", 0x01: "D", 0x02: "AU", 0x03: "AL", 0x05: "OA", 0x06: "OD", 0x07: "OU", 0x08: "OL",
    0x09: "XA", 0x0A: "XD", 0x0B: "ZA", 0x0D: "XU", 0x11: "ML", 0x12: "RA", 0x13: "SP",
}  # fmt: skip
_OBJECT_TYPES: Final = frozenset({0x05, 0x06, 0x07, 0x08, 0x0B})
_ACE_FLAGS: Final[dict[int, str]] = {
    0x01: "OI", 0x02: "CI", 0x04: "NP", 0x08: "IO", 0x10: "ID", 0x40: "SA", 0x80: "FA",
}  # fmt: skip
RIGHTS: Final[dict[int, str]] = {
    0x1: "CC", 0x2: "DC", 0x4: "LC", 0x8: "SW", 0x10: "RP", 0x20: "WP", 0x40: "DT", 0x80: "LO",
    0x100: "CR", 0x10000: "SD", 0x20000: "RC", 0x40000: "WD", 0x80000: "WO", 0x10000000: "GA",
    0x20000000: "GX", 0x40000000: "GW", 0x80000000: "GR",
}  # fmt: skip
SID_NAMES: Final[dict[str, str]] = {
    "S-1-1-0": "WD", "S-1-3-0": "CO", "S-1-3-1": "CG", "S-1-3-4": "OW", "S-1-5-2": "NU",
    "S-1-5-4": "IU", "S-1-5-6": "SU", "S-1-5-7": "AN", "S-1-5-9": "ED", "S-1-5-10": "PS",
    "S-1-5-11": "AU", "S-1-5-12": "RC", "S-1-5-18": "SY", "S-1-5-19": "LS", "S-1-5-20": "NS",
    "S-1-5-32-544": "BA", "S-1-5-32-545": "BU", "S-1-5-32-546": "BG", "S-1-5-32-547": "PU",
    "S-1-5-32-548": "AO", "S-1-5-32-549": "SO", "S-1-5-32-550": "PO", "S-1-5-32-551": "BO",
    "S-1-5-32-552": "RE", "S-1-5-32-554": "RU", "S-1-5-32-555": "RD", "S-1-5-32-556": "NO",
}  # fmt: skip


def sddl(b: bytes, o: int, e: int, most: int) -> str:
    """The self-relative descriptor b[o:e] as text of about `most` characters at most: whole entries.

    Malformed where it is none.
    """
    e = min(e, o + LONGEST)
    if e - o < _HEAD or b[o] != 1:
        raise Malformed(f"no security descriptor at {o}")
    control = b[o + 2] | b[o + 3] << 8
    text = ""
    for at, mark in ((o + 4, "O:"), (o + 8, "G:")):
        offset = _number(b, at)
        if offset:
            text += mark + _sid(b, o + offset, e)
    for at, mark, present, flags in (
        (o + 16, "D:", _DACL_PRESENT, _DACL_FLAGS),
        (o + 12, "S:", _SACL_PRESENT, _SACL_FLAGS),
    ):
        if control & present:
            text += mark + "".join(word for bit, word in flags.items() if control & bit)
            offset = _number(b, at)
            text += _entries(b, o + offset, e, most - len(text)) if offset else "NO_ACCESS_CONTROL"
    return text


def _entries(b: bytes, o: int, e: int, most: int) -> str:
    """The entries of the ACL at `o` (§2.4.5), until there is no more room."""
    if o + 8 > e:
        raise Malformed(f"list cut at {o}")
    end = min(e, o + (b[o + 2] | b[o + 3] << 8))
    parts: list[str] = []
    at = o + 8
    for _ in range(b[o + 4] | b[o + 5] << 8):
        if at + 8 > end:
            raise Malformed(f"entry cut at {at}")
        size = b[at + 2] | b[at + 3] << 8
        if size < 8 or at + size > end:
            raise Malformed(f"entry of {size} bytes at {at}")
        entry = _entry(b, at, at + size)
        most -= len(entry)
        if most < 0:
            break
        parts.append(entry)
        at += size
    return "".join(parts)


def _entry(b: bytes, o: int, e: int) -> str:
    """One ACE (§2.4.4) as `(type;flags;rights;object;inherited object;SID)`."""
    kind = b[o]
    mask = _number(b, o + 4)
    at = o + 8
    guids = ["", ""]
    if kind in _OBJECT_TYPES:
        if at + 4 > e:
            raise Malformed(f"entry cut at {at}")
        present = b[at]
        at += 4
        for i in (0, 1):
            if present & 1 << i:
                guids[i] = _guid(b, at, e)
                at += 16
    flags = "".join(word for bit, word in _ACE_FLAGS.items() if b[o + 1] & bit)
    name = _TYPES.get(kind) or f"0x{kind:x}"
    return f"({name};{flags};{_rights(mask)};{guids[0]};{guids[1]};{_sid(b, at, e)})"


def _rights(mask: int) -> str:
    known = 0
    for bit in RIGHTS:
        known |= bit
    if mask & ~known:
        return f"0x{mask:x}"
    return "".join(word for bit, word in RIGHTS.items() if mask & bit)


def _sid(b: bytes, o: int, e: int) -> str:
    if o + 8 > e or b[o] != 1 or b[o + 1] > 15 or o + 8 + 4 * b[o + 1] > e:
        raise Malformed(f"no SID at {o}")
    text = f"S-1-{int.from_bytes(b[o + 2 : o + 8], 'big')}"
    for i in range(b[o + 1]):
        text += f"-{_number(b, o + 8 + 4 * i)}"
    return SID_NAMES.get(text, text)


def _guid(b: bytes, o: int, e: int) -> str:
    if o + 16 > e:
        raise Malformed(f"identifier cut at {o}")
    raw = b[o : o + 16]
    head = f"{raw[3::-1].hex()}-{raw[5:3:-1].hex()}-{raw[7:5:-1].hex()}"
    return f"{head}-{raw[8:10].hex()}-{raw[10:].hex()}"


def _number(b: bytes, o: int) -> int:
    return b[o] | b[o + 1] << 8 | b[o + 2] << 16 | b[o + 3] << 24
