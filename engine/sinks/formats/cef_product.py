"""CEF as Azure ATP and Defender for Identity write it: their vendor, class names and keys.

For receivers whose rules were written for those. Valid CEF all the same: where the samples of that product
leave out the prefix `CEF:0`, it stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.printable import printable
from engine.sinks.formats import SEVERITY
from engine.sinks.formats.parties import party

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLASSES: Final = {
    2002: "AbnormalProtocol", 2003: "AccountEnumeration", 2004: "LdapBruteForce",
    2006: "DirectoryServicesReplication", 2007: "DnsReconnaissance", 2008: "EncryptionDowngrade",
    2009: "GoldenTicketEncryptionDowngrade", 2010: "EncryptionDowngrade", 2012: "EnumerateSessions",
    2013: "ForgedPac", 2014: "HoneytokenActivity", 2017: "PassTheHash", 2018: "PassTheTicket",
    2019: "RemoteExecution", 2020: "RetrieveDataProtectionBackupKey", 2021: "SamrReconnaissance",
    2022: "GoldenTicket", 2023: "BruteForce", 2024: "AbnormalSensitiveGroupMembershipChange",
    2025: "AbnormalVpn", 2026: "MaliciousServiceCreation", 2027: "ForgedPrincipal",
    2028: "DirectoryServicesRoguePromotion", 2029: "DirectoryServicesRogueReplication",
    2030: "SmbDataExfiltration", 2031: "DnsSuspiciousCommunication", 2032: "GoldenTicketSizeAnomaly",
    2033: "AbnormalProtocol", 2034: "AbnormalProtocol", 2035: "AbnormalProtocol",
    2036: "DnsRemoteCodeExecution", 2037: "NtlmRelay", 2038: "LdapSearchReconnaissance",
    2039: "AbnormalNtlmSigning", 2040: "ResourceBasedConstrainedDelegationGoldenTicket",
    2047: "RogueCertificateUsage", 2210: "LdapSensitiveAttributeReconnaissance", 2406: "SmbGhost",
    2410: "Kerberoasting", 2411: "NetlogonBypass",
}  # fmt: skip
_APPLICATIONS: Final = {
    "kerberos": "Kerberos", "ntlm": "Ntlm", "smb": "Smb", "ldap": "Ldap", "dns": "Dns", "samr": "Samr",
    "drsuapi": "Drsr", "vpn": "VpnConnection", "group": "GroupMembershipChangeEvent",
    "service": "ServiceInstalledEvent",
}  # fmt: skip
_LONGEST: Final = 1023


def form(change: str, alert: Mapping[str, object], version: str) -> bytes:
    """The alert as CEF in UTF-8."""
    header = (
        "Microsoft", "Azure ATP", version, class_of(alert), alert["title"],
        SEVERITY[str(alert["severity"])],
    )  # fmt: skip
    extension = " ".join(f"{key}={_value(value)}" for key, value in _pairs(change, alert))
    line = f"CEF:0|{'|'.join(map(_header, header))}|{extension}"
    return line.encode("utf-8", errors="replace")


def class_of(alert: Mapping[str, object]) -> str:
    """The product's name of the kind of alert, by its public number; else by the detection's."""
    number = alert["external_id"]
    known = _CLASSES.get(number) if isinstance(number, int) else None
    words = str(alert["detection"]).split("_")
    return f"{known or ''.join(w[:1].upper() + w[1:] for w in words)}SecurityAlert"


def _pairs(change: str, alert: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    yield "start", alert["first_seen"]
    evidence = alert["evidence"]
    first = evidence[0] if isinstance(evidence, list) and evidence else {}
    application = _APPLICATIONS.get(str(first.get("type", "")).partition("_")[0])
    if application:
        yield "app", application
    actor, source, target = (party(alert[role]) for role in ("actor", "source", "target"))
    host = source.host or actor.host
    told = {
        "shost": (host or "").partition(".")[0].upper() or source.address or actor.address,
        "suser": actor.user or source.user,
        "dhost": target.host,
        "duser": target.user,
    }
    yield from ((key, value) for key, value in told.items() if value)
    outcome = first.get("outcome")
    if outcome is not None:
        yield "outcome", "Success" if outcome == "success" else "Failure"
    yield "msg", str(alert["explanation"])[:_LONGEST]
    yield "cnt", alert["evidence_count"]
    if alert["external_id"] is not None:
        yield "externalId", alert["external_id"]
    # where the product has a link into its portal: what finds the alert here
    yield "cs1Label", "url"
    yield "cs1", f"atp:alert/{alert['id']}"
    yield "cs2Label", "trigger"
    yield "cs2", "new" if change == "opened" else "update"
    if host:
        yield "cs3Label", "shostfqdn"
        yield "cs3", host


def _header(value: object) -> str:
    return printable(str(value)).replace("\\", r"\\").replace("|", r"\|")


def _value(value: object) -> str:
    lines = (printable(line) for line in str(value).splitlines())
    return r"\n".join(line.replace("\\", r"\\").replace("=", r"\=") for line in lines)
