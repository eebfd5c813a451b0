"""Entries of the directory from bytes, as a server or an LDIF file gives them. Hostile input.

What is read is bounded: values are cut at 4,096 characters, bad UTF-8 becomes hex, secrets are
never taken, attributes nobody asked for are dropped. Reference: MS-ADTS §3.1.1.3.4.1.5 (extended
DNs), RFC 4512 §2.5 (options of attributes).
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

from sensor.contract import Malformed
from sensor.decode.ldap_attributes import is_secret, sid_text, value_text
from sensor.decode.security_descriptor import sddl
from sensor.map.directory.entry import Attributes, Entry, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EXTENDED: Final = re.compile(
    r"^(?:<(GUID|SID)=([^>]{1,200})>;)(?:<(GUID|SID)=([^>]{1,200})>;)?", re.IGNORECASE
)
_FOREIGN: Final = re.compile(r"^CN=(S-1-[0-9-]{1,180})(?:\\0A[^,]*)?,", re.IGNORECASE)
_SIDS: Final = frozenset({"objectSid", "sIDHistory", "securityIdentifier"})
_SID: Final = re.compile(rb"^S-1-\d{1,14}(?:-\d{1,10}){1,15}\Z", re.IGNORECASE)
_VALUES: Final = 5_000
_MEMBERS: Final = 5_000_000
_DN: Final = 8_192
_DESCRIPTOR: Final = 60_000


def entry_of(dn: str, raw: Mapping[str, Iterable[bytes]]) -> Entry:
    """An entry from its DN, extended or not, and its values by attribute. One that tells no GUID is
    known by its DN.
    """
    guid, plain = extended_dn(dn)
    attributes = attributes_of(raw)
    guid = next(iter(attributes.get("objectGUID", ())), guid)
    if not guid:
        guid = str(uuid.uuid5(uuid.NAMESPACE_X500, plain.lower()))
    return Entry(guid, plain[:_DN], attributes)


def attributes_of(raw: Mapping[str, Iterable[bytes]]) -> Attributes:
    """Text values of the attributes that are synchronised; one that is there without a value stays,
    empty.
    """
    found: Attributes = {}
    for name, values in raw.items():
        known = wanted(name)
        if known is None or is_secret(known):
            continue
        texts = found.setdefault(known, [])
        limit = _MEMBERS if known == "member" else _VALUES
        for value in values:
            if len(texts) >= limit:
                break
            text = text_of(known, value)
            if text is not None:
                texts.append(text)
    return found


def text_of(attribute: str, value: bytes) -> str | None:
    """A value as text; members as SID where it is told, other DNs without their extensions."""
    if attribute == "nTSecurityDescriptor":
        return described(value)
    if attribute in _SIDS and _SID.match(value):
        return value.decode("ascii").upper()  # as some tools print it
    text = value_text(attribute, value, 0, len(value))
    if text is None:
        return None
    if attribute == "member":
        return member_of(text)
    return extended_dn(text)[1] if text[:1] == "<" else text


def described(value: bytes) -> str:
    """A security descriptor as SDDL: whole entries, up to 60,000 characters; else its begin in hex."""
    try:
        return sddl(value, 0, len(value), _DESCRIPTOR)[:_DESCRIPTOR]
    except (Malformed, IndexError):
        return value[:4096].hex()


def member_of(dn: str) -> str:
    """A member's SID (extended DN, or a foreign security principal), else its DN."""
    known = _EXTENDED.match(dn)
    if known is not None:
        for kind, value in (known.group(1, 2), known.group(3, 4)):
            sid = _sid(value) if kind == "SID" else None
            if sid is not None:
                return sid
        dn = dn[known.end() :]
    foreign = _FOREIGN.match(dn)
    return foreign[1].upper() if foreign else dn


def extended_dn(dn: str) -> tuple[str | None, str]:
    """(GUID, DN) of an extended DN; the GUID is None where it has none."""
    known = _EXTENDED.match(dn)
    if known is None:
        return None, dn
    guid = next((v for k, v in (known.group(1, 2), known.group(3, 4)) if k == "GUID" and v), None)
    return _guid(guid), dn[known.end() :]


def _sid(text: str) -> str | None:
    if text[:2].upper() == "S-":
        return text.upper()
    try:
        return sid_text(bytes.fromhex(text))
    except ValueError:
        return None


def _guid(text: str | None) -> str | None:
    """Lower case; 32 hex digits are the bytes as they are stored."""
    if text is None:
        return None
    try:
        if len(text) == 32:
            return str(uuid.UUID(bytes_le=bytes.fromhex(text)))
        return str(uuid.UUID(text))
    except ValueError:
        return None
