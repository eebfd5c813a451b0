"""Names and values of directory attributes (MS-ADTS §3.1.1.2, MS-ADA; RFC 4512 §2.5).

A server knows an attribute by any case of its name, by its OID, and with options behind a `;`.
Detections compare names exactly, so those they compare get their lDAPDisplayName here whatever
form the client chose. Values become text; secrets never do. Knows no message.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final[dict[str, str]] = {
    name.lower(): name
    for name in (
        "adminCount", "altSecurityIdentities", "cn", "dBCSPwd", "description", "displayName",
        "dNSHostName", "gPCFileSysPath", "gPLink", "homeDirectory", "lockoutTime", "member",
        "memberOf", "mail", "msDS-AllowedToActOnBehalfOfOtherIdentity",
        "msDS-AllowedToDelegateTo", "msDS-AdditionalDnsHostName", "msDS-GroupMSAMembership",
        "msDS-HasInstantiatedNCs", "msDS-KeyCredentialLink", "msDS-ManagedPassword",
        "msDS-ManagedPasswordId", "msDS-SupportedEncryptionTypes", "msDS-User-Account-Control-Computed",
        "msExchExternalHostName", "msExchInternalHostName", "ms-DS-MachineAccountQuota",
        "ms-Mcs-AdmPwd", "ms-Mcs-AdmPwdExpirationTime", "msLAPS-Password",
        "msLAPS-EncryptedPassword", "msLAPS-PasswordExpirationTime", "msPKI-Certificate-Name-Flag",
        "msPKI-Enrollment-Flag", "name", "ntPwdHistory", "lmPwdHistory", "nTSecurityDescriptor",
        "objectCategory", "objectClass", "objectGUID", "objectSid", "pKIExtendedKeyUsage",
        "primaryGroupID", "pwdLastSet", "sAMAccountName", "sAMAccountType", "scriptPath",
        "servicePrincipalName", "sIDHistory", "supplementalCredentials", "trustAttributes",
        "trustAuthIncoming", "trustAuthOutgoing", "unicodePwd", "unixUserPassword",
        "userAccountControl", "userPassword", "userPrincipalName", "initialAuthIncoming",
        "initialAuthOutgoing", "currentValue", "priorValue", "msFVE-RecoveryPassword",
        "msFVE-KeyPackage", "clearTextPassword", "msTPM-OwnerInformation",
    )
}  # fmt: skip
_OIDS: Final[dict[str, str]] = {
    "2.5.4.0": "objectClass", "2.5.4.3": "cn", "2.5.4.31": "member", "2.5.4.35": "userPassword",
    "1.2.840.113556.1.2.102": "memberOf", "1.2.840.113556.1.2.281": "nTSecurityDescriptor",
    "1.2.840.113556.1.4.8": "userAccountControl", "1.2.840.113556.1.4.55": "dBCSPwd",
    "1.2.840.113556.1.4.90": "unicodePwd", "1.2.840.113556.1.4.96": "pwdLastSet",
    "1.2.840.113556.1.4.98": "primaryGroupID", "1.2.840.113556.1.4.150": "adminCount",
    "1.2.840.113556.1.4.146": "objectSid", "1.2.840.113556.1.4.221": "sAMAccountName",
    "1.2.840.113556.1.4.302": "sAMAccountType", "1.2.840.113556.1.4.609": "sIDHistory",
    "1.2.840.113556.1.4.619": "dNSHostName", "1.2.840.113556.1.4.656": "userPrincipalName",
    "1.2.840.113556.1.4.771": "servicePrincipalName", "1.2.840.113556.1.4.782": "objectCategory",
    "1.2.840.113556.1.4.1787": "msDS-AllowedToDelegateTo",
    "1.2.840.113556.1.4.2182": "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "1.2.840.113556.1.4.2328": "msDS-KeyCredentialLink",
}  # fmt: skip
_SECRETS: Final = frozenset({
    "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials", "trustauthincoming",
    "trustauthoutgoing", "unicodepwd", "unixuserpassword", "userpassword", "initialauthincoming",
    "initialauthoutgoing", "currentvalue", "priorvalue", "ms-mcs-admpwd", "mslaps-password",
    "mslaps-encryptedpassword", "msds-managedpassword", "msfve-recoverypassword",
    "msfve-keypackage", "cleartextpassword", "mstpm-ownerinformation",
})  # fmt: skip
_SIDS: Final = frozenset({"objectsid", "sidhistory", "securityidentifier"})
_GUIDS: Final = frozenset({"objectguid", "schemaidguid"})
_VALUE: Final = 4096


def attribute_name(described: str) -> str:
    """The lDAPDisplayName of an attribute description; as sent where it is not known here."""
    name = described.partition(";")[0].strip()
    if name[:4].lower() == "oid.":
        name = name[4:]
    return _OIDS.get(name) or _NAMES.get(name.lower(), name)


def is_secret(name: str) -> bool:
    """Whether values of this attribute are never kept."""
    return name.lower() in _SECRETS


def value_text(name: str, b: bytes, o: int, e: int) -> str | None:
    """A value as text of at most 4,096 characters: SID and GUID by attribute, hex if not UTF-8.

    None for a secret.
    """
    lowered = name.lower()
    if lowered in _SECRETS:
        return None
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
    return raw.hex()[:_VALUE] if "\0" in text else text[:_VALUE]


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
