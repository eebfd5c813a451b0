"""An entry of the directory -> directory_object. Knows no version before this one.

Reference: MS-ADTS §2.2.16 (userAccountControl), MS-KILE §2.2.7 (encryption types).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import DirectoryObject
from sensor.map.directory.entry import PRINCIPALS, flags, generalized_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sensor.map.directory.entry import Entry

_ETYPE_BITS: Final = {
    0x1: "des_cbc_crc", 0x2: "des_cbc_md5", 0x4: "rc4_hmac", 0x8: "aes128", 0x10: "aes256",
}  # fmt: skip
_PIECE: Final = 5_000
"""Members in one event; those of a larger group follow in further ones."""
_VALUES: Final = 200
_TEXT: Final = 16_384
_LONG: Final = {"nTSecurityDescriptor": 60_000}
"""Characters of an attribute; a security descriptor that is cut would not say who may do what."""


def object_events(
    entry: Entry,
    ts: int,
    *,
    gained: Sequence[str] = (),
    lost: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> Iterator[DirectoryObject]:
    """The version of an object that holds from `ts` on, its members in pieces."""
    kind = entry.kind
    sid = entry.first("objectSid")
    name = entry.first("sAMAccountName") or _rdn(entry.dn)
    made = DirectoryObject(
        ts=ts,
        via="sync",
        protocol="ldap",
        domain=domain_of(entry.dn),
        kind=kind,
        object=entry.dn,
        object_guid=entry.guid,
        object_account=sid if kind in PRINCIPALS else None,
        object_class=entry.object_class,
        sid=sid,
        name=name,
        created=generalized_time(entry.first("whenCreated")),
        deleted=entry.deleted,
        uac=flags(entry.first("userAccountControl")) or None,
        etypes=_etypes(entry) or None,
        spns=entry.attributes.get("servicePrincipalName", [])[:_VALUES] or None,
        primary_group=entry.number("primaryGroupID"),
        addresses=list(addresses) or None,
        members=list(gained[:_PIECE]) or None,
        members_lost=list(lost[:_PIECE]) or None,
        attributes={
            attribute: "\n".join(values[:_VALUES])[: _LONG.get(attribute, _TEXT)]
            for attribute, values in entry.attributes.items()
            if attribute != "member" and values
        },
    )
    yield made
    for start in range(_PIECE, max(len(gained), len(lost)), _PIECE):
        yield DirectoryObject(
            ts=ts,
            via="sync",
            protocol="ldap",
            domain=made.domain,
            kind=kind,
            object=entry.dn,
            object_guid=entry.guid,
            object_account=made.object_account,
            sid=sid,
            name=name,
            created=made.created,
            deleted=made.deleted,
            members=list(gained[start : start + _PIECE]) or None,
            members_lost=list(lost[start : start + _PIECE]) or None,
        )


def domain_of(dn: str) -> str | None:
    """The DNS name of the domain a DN lies in: its DC components (RFC 2247)."""
    parts = [p.strip() for p in dn.split(",")]
    return ".".join(p[3:].lower() for p in parts if p[:3].lower() == "dc=") or None


def _rdn(dn: str) -> str | None:
    """The value of the first component, up to a comma that is not escaped; of a tombstone, what it
    was called (MS-ADTS §3.1.1.5.5.1.1).
    """
    value = []
    text = iter(dn.partition("=")[2].partition("\\0ADEL:")[0])
    for c in text:
        if c == ",":
            break
        value.append(next(text, "") if c == "\\" else c)
    return "".join(value) or None


def _etypes(entry: Entry) -> list[str]:
    number = entry.number("msDS-SupportedEncryptionTypes")
    return [] if number is None else [w for bit, w in _ETYPE_BITS.items() if number & bit]
