"""Attributes of entities as of a row's `ts`: `account.uac`, `source.tags`.

The table of what an author may write after an account, host or group. It knows no directory; the
engine answers the attributes from its intervals. An entity the directory does not know has null
for every attribute (MS-ADTS §2.2.16 for the account flags, MS-KILE §2.2.7 for the etypes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dsl.schema import enums
from dsl.types import Type, TypeName

TAGS: Final = (
    "sensitive", "honeytoken", "exchange_server", "adfs_service", "dc", "rodc", "ca",
    "dns_server", "dhcp_server", "delegate", "nat", "vpn_pool", "management",
)  # fmt: skip
ROLES: Final = (
    "domain_controller", "rodc", "adfs", "adcs", "dns", "dhcp", "exchange", "entra_connect",
    "server", "workstation",
)  # fmt: skip

_ALL: Final[tuple[TypeName, ...]] = ("account", "host", "group")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: the entity kinds that have it, its type, its meaning."""

    name: str
    owners: tuple[TypeName, ...]
    type: Type
    meaning: str


_TABLE: Final = (
    Attribute(
        "uac",
        ("account",),
        Type("enum", many=True, words=enums.names(enums.UAC_FLAG)),
        "flags of userAccountControl that are set",
    ),
    Attribute("tags", _ALL, Type("enum", many=True, words=TAGS), "tags, given or derived"),
    Attribute(
        "etypes",
        ("account", "host"),
        Type("enum", many=True, words=enums.names(enums.ETYPE), open_words=True),
        "msDS-SupportedEncryptionTypes, the domain's default where it is not set",
    ),
    Attribute("age", _ALL, Type("duration"), "time since the object was created"),
    Attribute("created", _ALL, Type("time"), "whenCreated"),
    Attribute("domain", _ALL, Type("text"), "DNS name of the domain, lower case"),
    Attribute("domain_sid", _ALL, Type("sid"), "SID of the domain"),
    Attribute("rid", ("account", "group"), Type("int"), "last part of the objectSid"),
    Attribute("name", _ALL, Type("text"), "sAMAccountName as the directory writes it"),
    Attribute("silo", ("account",), Type("text"), "authentication policy silo"),
    Attribute("role", ("host",), Type("enum", many=True, words=ROLES), "what the host serves as"),
    Attribute("os_build", ("host",), Type("text"), "operatingSystemVersion"),
    Attribute("department", ("account",), Type("text"), "department"),
    Attribute("sensitive", _ALL, Type("bool"), "tagged sensitive, or in a sensitive group"),
)

ATTRIBUTES: Final[dict[str, Attribute]] = {a.name: a for a in _TABLE}


def attributes_of(kind: TypeName) -> tuple[str, ...]:
    """Names of the attributes that an entity of this kind has."""
    return tuple(a.name for a in _TABLE if kind in a.owners)
