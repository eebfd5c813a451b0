r"""How sensors write identities, taken apart: one parse for accounts, groups and hosts.

Forms of an account or group: `DOMAIN\name`, `name@REALM`, a bare name, a distinguished name
(RFC 4514) or a SID, each optionally followed by `|SID`. Forms of a host: `ip:…`, `name:…`, an
address, a DNS name or a NetBIOS name. Knows no directory: only the shape of the text.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SID: Final = re.compile(r"S-1-\d+(-\d+)+", re.IGNORECASE)
_RDN: Final = re.compile(r"^\s*[A-Za-z][\w-]*\s*=")
_MAX_NAME: Final = 512


@dataclass(frozen=True, slots=True)
class RawAccount:
    """Parts of an account or group as sent; what the text did not say is None.

    `domain` is NetBIOS, DNS or realm text in lower case; `name` in lower case; `sid` in capitals.
    """

    name: str | None
    domain: str | None = None
    sid: str | None = None
    dn: str | None = None


@lru_cache(maxsize=65536)
def parse_account(raw: str) -> RawAccount:
    """The parts of an account or group; never raises, whatever was sent."""
    text, sid = raw.strip()[:_MAX_NAME], None
    head, bar, tail = text.rpartition("|")
    if bar and _SID.fullmatch(tail):
        text, sid = head.strip(), tail.upper()
    if _SID.fullmatch(text):
        return RawAccount(None, sid=sid or text.upper())
    if _RDN.match(text):
        return RawAccount(None, sid=sid, dn=text)
    if "\\" in text:
        domain, _, name = text.partition("\\")
    else:
        name, _, domain = text.rpartition("@")
        if not name:
            name, domain = text, ""
    return RawAccount(name.strip().lower() or None, domain.strip(" .").lower() or None, sid)


def dn_domain(dn: str) -> str | None:
    """The DNS name of the domain a distinguished name lies in: its DC components."""
    parts = [p.partition("=")[2].strip().lower() for p in split_dn(dn) if _is_dc(p)]
    return ".".join(parts) or None


def rdn_value(dn: str) -> str:
    """The value of the first component, unescaped."""
    value = (split_dn(dn) or [""])[0].partition("=")[2].strip()
    return re.sub(r"\\(.)", r"\1", value)


def split_dn(dn: str) -> list[str]:
    """Components of a distinguished name, escapes left as they are."""
    return re.split(r"(?<!\\),", dn)


def _is_dc(component: str) -> bool:
    return component.strip()[:3].lower() == "dc="


@dataclass(frozen=True, slots=True)
class RawHost:
    """A host as sent: exactly one of the three is set. Names in lower case."""

    ip: str | None = None
    dns: str | None = None
    netbios: str | None = None


@lru_cache(maxsize=65536)
def parse_host(raw: str) -> RawHost | None:
    """The parts of a host; None where the text names nothing."""
    text = raw.strip()[:_MAX_NAME]
    if text[:3].lower() == "ip:":
        return RawHost(ip=plain_ip(text[3:]) or text[3:].lower()) if text[3:] else None
    if text[:5].lower() == "name:":
        text = text[5:]
    text = text.lstrip("\\").rstrip(".").lower()
    if not text or text == "-":
        return None
    address = plain_ip(text)
    if address is not None:
        return RawHost(ip=address)
    return RawHost(dns=text) if "." in text else RawHost(netbios=text)


@lru_cache(maxsize=65536)
def plain_ip(text: str) -> str | None:
    """An address in its one spelling (IPv4 never as ::ffff:…); None where it is no address."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
