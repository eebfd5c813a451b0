"""An entry of the directory as every reader of one hands it over: text values by attribute.

Attributes bear their lDAPDisplayName; what is not in `ATTRIBUTES` is not asked for, so that a
server cannot fill the memory, and secrets are never among them. Knows no LDAP message and no file.
Reference: MS-ADA1 to MS-ADA3 (attributes), MS-ADSC (classes), MS-ADTS §2.2.16, §3.1.1.2.2.2.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from dsl.schema.enums import UAC_FLAG

Attributes = dict[str, list[str]]

ATTRIBUTES: Final = (
    # every object
    "objectClass", "objectGUID", "objectSid", "whenCreated", "isDeleted", "description",
    "displayName", "adminCount",
    # accounts
    "sAMAccountName", "userPrincipalName", "givenName", "sn", "title", "department", "company",
    "manager", "mail", "telephoneNumber", "mobile", "physicalDeliveryOfficeName",
    "userAccountControl", "primaryGroupID", "pwdLastSet", "lastLogonTimestamp", "lockoutTime",
    "accountExpires", "servicePrincipalName", "sIDHistory", "scriptPath",
    "msDS-SupportedEncryptionTypes", "msDS-AllowedToDelegateTo",
    "msDS-AllowedToActOnBehalfOfOtherIdentity", "msDS-KeyCredentialLink",
    "msDS-AssignedAuthNPolicySilo", "msDS-GroupMSAMembership",
    "msDS-ManagedAccountPrecededByLink", "msDS-DelegatedMSAState", "altSecurityIdentities",
    # computers
    "dNSHostName", "operatingSystem", "operatingSystemVersion", "ms-Mcs-AdmPwdExpirationTime",
    "msLAPS-PasswordExpirationTime",
    # groups
    "member", "groupType",
    # the domain and its policy
    "gPLink", "maxPwdAge", "minPwdAge", "minPwdLength", "pwdHistoryLength", "pwdProperties",
    "lockoutThreshold", "lockoutDuration", "ms-DS-MachineAccountQuota", "msDS-Behavior-Version",
    "maxTicketAge", "maxRenewAge", "gPCFileSysPath", "versionNumber", "flags",
    # partitions, trusts, sites, controllers, certificate services
    "nETBIOSName", "dnsRoot", "nCName", "trustPartner", "flatName", "trustDirection", "trustType",
    "trustAttributes", "securityIdentifier", "siteObject", "invocationId", "certificateTemplates",
    "msPKI-Certificate-Name-Flag", "msPKI-Enrollment-Flag", "msPKI-RA-Signature",
    "msPKI-Template-Schema-Version", "msPKI-Certificate-Application-Policy", "pKIExtendedKeyUsage",
    "msPKI-Certificate-Policy", "msPKI-Cert-Template-OID", "msDS-OIDToGroupLink",
    # the forest's settings, read-only controllers
    "dSHeuristics", "msDS-EnabledFeature", "msDS-RevealOnDemandGroup", "msDS-NeverRevealGroup",
    "nTSecurityDescriptor",
)  # fmt: skip
"""What is synchronised."""
_BY_NAME: Final = {name.lower(): name for name in ATTRIBUTES}
_NAMES: Final = frozenset(ATTRIBUTES)
_KINDS: Final = {
    # managed service accounts work from many hosts and are none
    "user": "user", "inetorgperson": "user", "msds-managedserviceaccount": "user",
    "msds-groupmanagedserviceaccount": "user", "msds-delegatedmanagedserviceaccount": "user",
    "computer": "computer", "group": "group", "domaindns": "domain", "organizationalunit": "ou",
    "crossref": "partition", "trusteddomain": "trust", "site": "site", "subnet": "subnet",
    "grouppolicycontainer": "policy", "ntdsdsa": "controller", "ntdsdsaro": "controller",
    "pkienrollmentservice": "certificate_authority",
    "pkicertificatetemplate": "certificate_template", "dhcpclass": "dhcp_server",
}  # fmt: skip
PRINCIPALS: Final = frozenset({"user", "computer", "group"})
_FILETIME_0: Final = 11_644_473_600_000_000
"""Microseconds from 1601, where FILETIME begins, to 1970."""
_NEVER: Final = 2**63 - 1


class Entry(msgspec.Struct, frozen=True):
    """An object: its GUID (lower case), DN, and values. `member` holds SIDs where the server gave
    them, else DNs.
    """

    guid: str
    dn: str
    attributes: Attributes

    def first(self, name: str) -> str | None:
        """The first value of an attribute."""
        values = self.attributes.get(name)
        return values[0] if values else None

    def number(self, name: str) -> int | None:
        """A value as a number of at most 63 bits; None where it is none."""
        return _integer(self.first(name))

    @property
    def object_class(self) -> str | None:
        """The most derived class: the last value (MS-ADTS §3.1.1.1.4)."""
        values = self.attributes.get("objectClass")
        return values[-1] if values else None

    @property
    def kind(self) -> str:
        """A word of enums.OBJECT_KIND."""
        return _KINDS.get((self.object_class or "").lower(), "other")

    @property
    def deleted(self) -> bool:
        """Whether it is a tombstone."""
        return (self.first("isDeleted") or "").upper() == "TRUE"


def wanted(name: str) -> str | None:
    """The lDAPDisplayName of an attribute that is synchronised, whatever its case and options."""
    return name if name in _NAMES else _BY_NAME.get(name.partition(";")[0].lower())


def flags(value: str | None) -> list[str]:
    """Words of userAccountControl."""
    number = _integer(value)
    return [] if number is None else [word for bit, word in UAC_FLAG.items() if number & bit]


def generalized_time(value: str | None) -> int | None:
    """`20260102030405.0Z` in microseconds; None where it is none (RFC 4517 §3.3.13)."""
    try:
        then = datetime.strptime((value or "")[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - UTC follows
    except ValueError:
        return None
    return int(then.replace(tzinfo=UTC).timestamp()) * 1_000_000


def filetime(value: str | None) -> int | None:
    """100 ns since 1601 in microseconds since 1970; None for 0 and for never (MS-DTYP §2.3.3)."""
    number = _integer(value)
    if number is None or not 0 < number < _NEVER:
        return None
    return number // 10 - _FILETIME_0


def interval(value: str | None) -> int | None:
    """A negative span of 100 ns, as policies hold, in microseconds; None where none is set."""
    number = _integer(value)
    return -number // 10 if number is not None and -_NEVER < number < 0 else None


def _integer(value: str | None) -> int | None:
    if value is None or len(value) > 20 or not value.isascii():
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**63 else None
