"""Security identifiers that mean the same in every domain (MS-DTYP §2.4.2.4, MS-ADTS §6.1.1.6).

A group renamed or spoken in another language keeps its RID, so the SID alone gives its canonical
English name and whether it is sensitive, without any directory. Knows no store and no event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Principal:
    """A well-known principal: canonical name in lower case; `sensitive` = control of it leads to
    control of the domain; `admin` = members administer every machine or the domain.
    """

    name: str
    kind: Literal["account", "group"]
    sensitive: bool = False
    admin: bool = False


DOMAIN_RIDS: Final[dict[int, Principal]] = {
    498: Principal("enterprise read-only domain controllers", "group", sensitive=True),
    500: Principal("administrator", "account", sensitive=True, admin=True),
    501: Principal("guest", "account"),
    502: Principal("krbtgt", "account", sensitive=True),
    512: Principal("domain admins", "group", sensitive=True, admin=True),
    513: Principal("domain users", "group"),
    514: Principal("domain guests", "group"),
    515: Principal("domain computers", "group"),
    516: Principal("domain controllers", "group", sensitive=True),
    517: Principal("cert publishers", "group", sensitive=True),
    518: Principal("schema admins", "group", sensitive=True, admin=True),
    519: Principal("enterprise admins", "group", sensitive=True, admin=True),
    520: Principal("group policy creator owners", "group", sensitive=True),
    521: Principal("read-only domain controllers", "group", sensitive=True),
    522: Principal("cloneable domain controllers", "group", sensitive=True),
    525: Principal("protected users", "group"),
    526: Principal("key admins", "group", sensitive=True),
    527: Principal("enterprise key admins", "group", sensitive=True),
    553: Principal("ras and ias servers", "group"),
    571: Principal("allowed rodc password replication group", "group", sensitive=True),
    572: Principal("denied rodc password replication group", "group"),
}
"""RIDs under a domain's SID."""

BUILTIN_RIDS: Final[dict[int, Principal]] = {
    544: Principal("administrators", "group", sensitive=True, admin=True),
    545: Principal("users", "group"),
    546: Principal("guests", "group"),
    547: Principal("power users", "group", sensitive=True),
    548: Principal("account operators", "group", sensitive=True),
    549: Principal("server operators", "group", sensitive=True),
    550: Principal("print operators", "group", sensitive=True),
    551: Principal("backup operators", "group", sensitive=True),
    552: Principal("replicator", "group", sensitive=True),
    554: Principal("pre-windows 2000 compatible access", "group"),
    555: Principal("remote desktop users", "group"),
    556: Principal("network configuration operators", "group", sensitive=True),
    557: Principal("incoming forest trust builders", "group", sensitive=True),
    558: Principal("performance monitor users", "group"),
    559: Principal("performance log users", "group"),
    560: Principal("windows authorization access group", "group"),
    562: Principal("distributed com users", "group"),
    569: Principal("cryptographic operators", "group", sensitive=True),
    573: Principal("event log readers", "group"),
    574: Principal("certificate service dcom access", "group"),
    578: Principal("hyper-v administrators", "group", sensitive=True),
    580: Principal("remote management users", "group"),
}
"""RIDs under S-1-5-32: the domain's own on a domain controller, else the machine's."""

NO_DOMAIN: Final[dict[str, str]] = {
    "S-1-1-0": "everyone",
    "S-1-5-7": "anonymous logon",
    "S-1-5-9": "enterprise domain controllers",
    "S-1-5-11": "authenticated users",
    "S-1-5-18": "system",
    "S-1-5-19": "local service",
    "S-1-5-20": "network service",
}
"""SIDs that belong to no domain: canonical name."""


_SENSITIVE_NAMES: Final = frozenset({
    "dnsadmins", "organization management", "exchange servers", "exchange trusted subsystem",
    "exchange windows permissions", "microsoft exchange servers",
})  # fmt: skip


def sensitive_by_name(group: str) -> bool:
    """Whether a group without a RID of its own leads to control of the domain (DNS, Exchange)."""
    return group.lower() in _SENSITIVE_NAMES


def split_sid(sid: str) -> tuple[str, int] | None:
    """(domain SID, RID) of a principal's SID; None where it has no RID under a domain."""
    domain, _, rid = sid.rpartition("-")
    if not rid.isdigit() or not (domain.startswith("S-1-5-21-") or domain == "S-1-5-32"):
        return None
    return domain, int(rid)


def principal(sid: str) -> Principal | None:
    """The well-known principal of a SID under a domain or BUILTIN."""
    parts = split_sid(sid)
    if parts is None:
        return None
    domain, rid = parts
    return (BUILTIN_RIDS if domain == "S-1-5-32" else DOMAIN_RIDS).get(rid)


_GROUPS: Final = {
    who.name: (who, rid)
    for table in (DOMAIN_RIDS, BUILTIN_RIDS)
    for rid, who in table.items()
    if who.kind == "group"
}


def well_known_groups() -> list[Principal]:
    """Groups that every domain has."""
    return [who for who, _ in _GROUPS.values()]


def well_known_named(name: str) -> tuple[Principal, int] | None:
    """The well-known group of an English name and its RID."""
    return _GROUPS.get(name.lower())
