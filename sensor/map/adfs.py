"""What audits of AD FS carry inside their values: an XML document, claims, lists of addresses.

Pure functions of text. The document came from a client in part: no DTD, bounded size. Reference:
"Auditing enhancements to AD FS in Windows Server 2016" (AuditBase, its components); claim types of
http://schemas.microsoft.com/2012/12/certificatecontext.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from sensor.map import identity
from sensor.map.record import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sensor.map.record import Record

_XML_LIMIT: Final = 65536
_DECLARATION: Final = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>")
_REASON: Final = (
    (re.compile(r"user name or password is incorrect", re.IGNORECASE), "wrong_password"),
    (re.compile(r"locked out|ExtranetLockout|BadPasswordLockout", re.IGNORECASE), "locked"),
    (re.compile(r"password (?:has|of this account has) expired|must be changed", re.IGNORECASE), "expired"),
    (re.compile(r"account (?:is|has been) disabled|currently disabled", re.IGNORECASE), "disabled"),
    (re.compile(r"account (?:has )?expired", re.IGNORECASE), "expired"),
    (re.compile(r"CredentialValidationError|invalid credentials", re.IGNORECASE), "wrong_password"),
    (re.compile(r"Authorization|access (?:is )?denied", re.IGNORECASE), "denied"),
)  # fmt: skip
"""What a refusal says of its reason, by the words Windows prints; the first that is found."""
_CONTEXT: Final = "/2012/12/certificatecontext/"
_THUMBPRINT: Final = re.compile(
    r"/claims/(?:thumbprint|certificatethumbprint)\Z|/x509/certificatedata/thumbprint"
)
_ACCOUNT: Final = (
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
)
"""Claims that name the caller, best first."""
_EKUS_LIMIT: Final = 50


def values(record: Record) -> list[str]:
    """All that a record carries, in its order: audits of AD FS give their values no names."""
    return [*record.data.values(), *record.user_data.values()]


def audit_fields(values: Iterable[str]) -> dict[str, str]:
    """Leaves of the audit document among a record's values; empty where there is none."""
    for value in values:
        if "<AuditBase" not in value[:512] or len(value) > _XML_LIMIT or "<!DOCTYPE" in value:
            continue
        try:
            root = ET.fromstring(_DECLARATION.sub("", value))  # noqa: S314 - without a DTD no entity can expand
        except (ET.ParseError, ValueError):
            continue
        found: dict[str, str] = {}
        for leaf in root.iter():
            text = (leaf.text or "").strip()
            if len(leaf) == 0 and text and text not in ABSENT:
                found.setdefault(leaf.tag.rpartition("}")[2], text)
        return found
    return {}


def first_address(*texts: str | None) -> str | None:
    """The first address in lists like `203.0.113.9,10.0.0.1`."""
    for text in texts:
        for part in re.split(r"[,;\s]+", text or "")[:20]:
            if known := identity.address(part):
                return known
    return None


def refusal(*texts: str | None) -> str:
    """The outcome of a refused attempt by what the texts say of its reason."""
    whole = " ".join(text for text in texts if text)[:_XML_LIMIT]
    return next((outcome for pattern, outcome in _REASON if pattern.search(whole)), "error")


def claims(values: Sequence[str]) -> dict[str, list[str]]:
    """Claims that 500 and 501 list as values one after another: type, value, type, value."""
    found: dict[str, list[str]] = {}
    words = [word.strip() for value in values for word in value.splitlines()]
    for kind, value in pairwise(words):
        if kind.startswith("http") and "/" in kind[8:] and value and value not in ABSENT:
            found.setdefault(kind.lower(), []).append(value)
    return found


def caller(found: dict[str, list[str]]) -> str | None:
    """The raw account that claims name."""
    name = next((found[kind][0] for kind in _ACCOUNT if kind in found), None)
    return identity.account(name)


def certificate_claim(found: dict[str, list[str]], field: str) -> list[str]:
    """Values of a claim of the caller's certificate: `field/issuer`, `extension/eku`."""
    wanted = _CONTEXT + field
    return next((v for kind, v in found.items() if kind.endswith(wanted)), [])[:_EKUS_LIMIT]


def thumbprint(found: dict[str, list[str]]) -> str | None:
    """SHA-1 of the caller's certificate, hex."""
    return next((v[0].lower() for kind, v in found.items() if _THUMBPRINT.search(kind)), None)
