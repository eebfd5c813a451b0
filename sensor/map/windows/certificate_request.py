"""Requests for certificates: 4886 received, 4887 issued, 4888 denied, 4889 pending
-> certificate_request.

Version 1 (2016, and 2012 R2 with updates) names template, alternative names and serial number;
version 0 has the request's attributes only. Attributes are lines `name:value` that the client
wrote: the template, alternative names, and its own machine (`rmd`, `ccm`), which is its word only.
Reference: events 4886 to 4889; MS-WCCE §2.2.2.7 (request attributes), MS-WCCE §3.2.1.4.2.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.pki import CertificateRequest
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_OUTCOME: Final = {4887: "success", 4888: "denied", 4889: "unknown"}
"""4886 comes before the answer."""
_CLIENT: Final = ("rmd", "ccm")
"""The requesting machine by its DNS name, then as the client's library saw it."""
_NAME: Final = re.compile(
    r"(Principal Name|DNS Name|RFC822 Name|IP Address|URL|Directory Address)=\s*"
)
_NAMED: Final = {
    "Principal Name": "upn",
    "DNS Name": "dns",
    "RFC822 Name": "email",
    "IP Address": "ipaddress",
    "URL": "url",
    "Directory Address": "dn",
}
"""As the attribute SAN of a request calls them."""
_OTHER: Final = re.compile(
    r"\s*(?:Other Name:|DS Object Guid=[0-9a-fA-F ]*|Other Name).*", re.DOTALL
)
_NAMES_LIMIT: Final = 100
_LINES_LIMIT: Final = 64


def _attributes(text: str | None) -> dict[str, str]:
    """Attributes by their names in lower case; the first of a name wins."""
    found: dict[str, str] = {}
    for line in (text or "").splitlines()[:_LINES_LIMIT]:
        name, colon, value = line.strip().partition(":")
        if colon and value.strip():
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _alternative_names(text: str | None, attribute: str | None) -> list[str] | None:
    """`upn=…`, `dns=…` of the certificate's extension, else of the attribute SAN."""
    if text is None:
        parts = (attribute or "").split("&")[:_NAMES_LIMIT]
        return [part.strip() for part in parts if part.strip()] or None
    pieces = _NAME.split(text)
    found = []
    for kind, value in zip(pieces[1::2], pieces[2::2], strict=True):
        name = _OTHER.sub("", value).strip().strip(",")
        if name:
            found.append(f"{_NAMED[kind]}={name}")
    return found[:_NAMES_LIMIT] or [text]


def certificate_requested(record: Record) -> list[Event]:
    """RequestId, Requester, Attributes, Subject; from version 1 on CertificateTemplate,
    SubjectAlternativeName, SerialNumber.
    """
    text = record.text
    attributes = _attributes(text("Attributes"))
    client = next((attributes[name] for name in _CLIENT if name in attributes), None)
    here = identity.host(record.computer)
    requester = identity.account(text("Requester"))
    return [
        CertificateRequest(
            ts=record.ts,
            via=record.via,
            dc=here,
            account=requester,
            source=identity.host(client),
            outcome=_OUTCOME.get(record.event_id),
            ca=here,
            requester=requester,
            subject=text("Subject"),
            sans=_alternative_names(text("SubjectAlternativeName"), attributes.get("san")),
            template=text("CertificateTemplate") or attributes.get("certificatetemplate"),
            certificate_serial=identity.serial(text("SerialNumber")),
            request_id=record.number("RequestId"),
        )
    ]


EVENTS = {("Security", number): certificate_requested for number in (4886, 4887, 4888, 4889)}
