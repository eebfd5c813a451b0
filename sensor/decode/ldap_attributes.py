"""Values of directory attributes as text (MS-ADTS §3.1.1.2, MS-ADA); secrets never.

Names come as lDAPDisplayName (`ldap_schema.attribute_name`). Knows no message.
"""

from __future__ import annotations

from typing import Final

from sensor.contract import Malformed
from sensor.decode.ldap_schema import class_called
from sensor.decode.security_descriptor import sddl

_SECRETS: Final = frozenset({
    "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials", "trustauthincoming",
    "trustauthoutgoing", "unicodepwd", "unixuserpassword", "userpassword", "initialauthincoming",
    "initialauthoutgoing", "currentvalue", "priorvalue", "ms-mcs-admpwd", "mslaps-password",
    "mslaps-encryptedpassword", "msds-managedpassword", "msfve-recoverypassword",
    "msfve-keypackage", "cleartextpassword", "mstpm-ownerinformation",
})  # fmt: skip
_SIDS: Final = frozenset({"objectsid", "sidhistory", "securityidentifier"})
_GUIDS: Final = frozenset({"objectguid", "schemaidguid"})
_DESCRIPTORS: Final = frozenset({
    "ntsecuritydescriptor", "msds-allowedtoactonbehalfofotheridentity", "msds-groupmsamembership",
    "pkienrollmentaccess",
})  # fmt: skip
_VALUE: Final = 4096


def is_secret(name: str) -> bool:
    """Whether values of this attribute are never kept."""
    return name.lower() in _SECRETS


def value_text(name: str, b: bytes, o: int, e: int) -> str | None:
    """A value as text of at most 4,096 characters: SID, GUID, security descriptor (SDDL) and class
    by attribute, hex if not UTF-8.

    None for a secret.
    """
    lowered = name.lower()
    if lowered in _SECRETS:
        return None
    if lowered in _DESCRIPTORS:
        try:
            return sddl(b, o, e, _VALUE)[:_VALUE]
        except (Malformed, IndexError):
            return b[o : min(e, o + _VALUE)].hex()[:_VALUE]
    raw = b[o : min(e, o + 4 * _VALUE)]
    if lowered in _SIDS:
        return sid_text(raw) or raw.hex()[:_VALUE]
    if lowered in _GUIDS and len(raw) == 16:
        head = f"{raw[3::-1].hex()}-{raw[5:3:-1].hex()}-{raw[7:5:-1].hex()}"
        return f"{head}-{raw[8:10].hex()}-{raw[10:].hex()}"
    cut = 3 if e - o > len(raw) else 0  # the last character may have been cut in its middle
    try:
        text = raw[: len(raw) - cut].decode("utf-8")
    except UnicodeDecodeError as error:
        if not cut or error.start < len(raw) - 8:
            return raw.hex()[:_VALUE]
        text = raw[: error.start].decode("utf-8")
    if "\0" in text:
        return raw.hex()[:_VALUE]
    return class_called(text[:_VALUE]) if lowered == "objectclass" else text[:_VALUE]


def sid_text(raw: bytes) -> str | None:
    """A binary SID (MS-DTYP §2.4.2.2) as `S-1-…`; None where it is none."""
    if len(raw) < 8 or raw[0] != 1 or raw[1] > 15 or len(raw) != 8 + 4 * raw[1]:
        return None
    parts = [int.from_bytes(raw[2:8], "big")]
    parts += [int.from_bytes(raw[i : i + 4], "little") for i in range(8, len(raw), 4)]
    return "S-1-" + "-".join(map(str, parts))


def identity(value: str) -> str:
    """A DN-valued text as a raw identity: MS-ADTS §3.1.1.3.1.2.4 allows `<SID=…>` for a DN."""
    if value[:5].upper() != "<SID=" or not value.endswith(">"):
        return value
    inside = value[5:-1]
    if inside[:2].upper() == "S-":
        return inside.upper()
    try:
        return sid_text(bytes.fromhex(inside)) or value
    except ValueError:
        return value
