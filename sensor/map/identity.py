r"""Accounts, hosts and addresses as Windows records write them -> the raw forms of the sensor.

Raw forms: account and group `DOMAIN\name`, `name@REALM`, bare `name`, a DN or a SID, with the SID
appended after a bar where the record has both; host `ip:…`, `name:…` or a DNS name. Knows no
directory: canonical names are made where events are taken in. Reference: MS-DTYP §2.4.2 (SIDs).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from sensor.map.record import Record

NULL_SID: Final = "S-1-0-0"
LOCAL_SYSTEM_SID: Final = "S-1-5-18"
_SID: Final = re.compile(r"S-1-\d{1,14}(?:-\d{1,10}){1,15}\Z")
_NAME_LIMIT: Final = 512


def sid(text: str | None) -> str | None:
    """A SID in its text form, or None; the NULL SID names nobody."""
    if text is None or text == NULL_SID or not _SID.match(text):
        return None
    return text


def account(name: str | None, domain: str | None = None, sid_text: str | None = None) -> str | None:
    """The raw form of an account or group; None where the record names nobody.

    A machine account that acts under the SID of LocalSystem keeps its name only: that SID is
    every machine's.
    """
    known_sid = sid(sid_text)
    if not name:
        return known_sid
    name = name[:_NAME_LIMIT]
    if known_sid == LOCAL_SYSTEM_SID and name.endswith("$"):
        known_sid = None
    if "\\" in name or "@" in name or "=" in name or not domain:
        full = name
    elif "." in domain:
        full = f"{name}@{domain}"
    else:
        full = f"{domain}\\{name}"
    return f"{full}|{known_sid}" if known_sid and full != known_sid else full


def subject(record: Record) -> str | None:
    """Who acted: SubjectUserName, SubjectDomainName, SubjectUserSid."""
    text = record.text
    return account(text("SubjectUserName"), text("SubjectDomainName"), text("SubjectUserSid"))


def target(record: Record) -> str | None:
    """Who was acted on: TargetUserName, TargetDomainName, TargetSid (or TargetUserSid)."""
    text = record.text
    return account(
        text("TargetUserName"),
        text("TargetDomainName"),
        text("TargetSid") or text("TargetUserSid"),
    )


@lru_cache(maxsize=65536)
def host(name: str | None) -> str | None:
    """The raw form of a host: `name:WS9` for a NetBIOS name, `ip:…`, or the DNS name."""
    if not name:
        return None
    name = name.strip().strip("\\")[:_NAME_LIMIT]
    if not name or name == "-":
        return None
    if known := address(name):
        return f"ip:{known}"
    return name.rstrip(".") if "." in name else f"name:{name}"


@lru_cache(maxsize=65536)
def address(text: str | None) -> str | None:
    """An address in its shortest text; IPv4 inside IPv6 is unwrapped, a zone is dropped."""
    if not text:
        return None
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return None if found.is_unspecified else str(found)


@lru_cache(maxsize=65536)
def is_loopback(text: str) -> bool:
    """Whether the address is the machine itself."""
    return ipaddress.ip_address(text).is_loopback


class Client(NamedTuple):
    """Where a request came from; `source` is set where only a name (or the dc itself) is known."""

    source: str | None
    ip: str | None
    port: int | None


def client(record: Record, *, workstation: str | None = None) -> Client:
    """The client by IpAddress and IpPort, else by the workstation name it gave.

    A loopback address is the machine that wrote the record, under its own name: as an address it
    would make one host of all machines.
    """
    ip = address(record.text("IpAddress") or record.text("ClientAddress"))
    if ip is None:
        return Client(workstation_host(record, workstation), None, None)
    if is_loopback(ip):
        return Client(host(record.computer), None, None)
    port = record.number("IpPort")
    return Client(None, ip, port if port and 0 < port < 65536 else None)


def workstation_host(record: Record, name: str | None) -> str | None:
    """The raw host of a workstation name; the record's own machine under its full name."""
    if name is None:
        return None
    short = name.strip("\\")
    if short.casefold() == record.computer.partition(".")[0].casefold():
        return host(record.computer)
    return host(short)


def guid(text: str | None) -> str | None:
    """A GUID in lower case without braces; None for the null GUID or what is none."""
    if not text:
        return None
    bare = text.strip("{}% \t\r\n").lower()
    if not re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", bare):
        return None
    return None if bare == "00000000-0000-0000-0000-000000000000" else bare


def serial(text: str | None) -> str | None:
    """A certificate's serial number as hex in lower case, whole bytes without leading zero bytes:
    records and certificates write the same number differently. None for what is none.
    """
    bare = (text or "").replace(" ", "").replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{1,128}", bare):
        return None
    bare = bare.lstrip("0")
    return bare.zfill(max(2, len(bare) + len(bare) % 2))
