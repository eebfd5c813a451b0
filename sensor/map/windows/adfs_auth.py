"""Sign-ins at AD FS: AD FS Auditing 1200 token issued, 1201 refused, 1202 credential validated, 1203
refused, 411 token refused (2012 R2), 501 claims of a caller with a certificate -> adfs_auth.

From 2016 on everything stands in an XML document among the values. 411 and 501 have values without
names whose order differs between versions, so they are known by their form. Reference: "Auditing
enhancements to AD FS in Windows Server 2016"; AD FS troubleshooting, auditing events.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.pki import AdfsAuth
from sensor.map import adfs, identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_PROVIDER: Final = "AD FS Auditing"
_GRANTED: Final = frozenset({1200, 1202})
_REFUSED_NAME: Final = re.compile(r"\A\s*([^\s,;<>]{1,256}?)-(?=[A-Z])")


def signed_in(record: Record) -> list[Event]:
    """1200 to 1203: UserId, IpAddress, ForwardedIpAddress, RelyingParty, FailureType, ErrorCode."""
    told = adfs.audit_fields(adfs.values(record))
    granted = record.event_id in _GRANTED
    found = _attempt(
        record,
        identity.account(told.get("UserId")),
        "success" if granted else adfs.refusal(told.get("ErrorCode"), told.get("FailureType")),
    )
    found.src_ip = adfs.first_address(told.get("IpAddress"), told.get("ForwardedIpAddress"))
    found.relying_party = told.get("RelyingParty")
    return [found]


def token_refused(record: Record) -> list[Event]:
    """411: `user-The user name or password is incorrect`, the client's addresses."""
    values = adfs.values(record)
    name = next((m[1] for value in values if (m := _REFUSED_NAME.match(value))), None)
    found = _attempt(record, identity.account(name), adfs.refusal(*values))
    found.src_ip = adfs.first_address(*values)
    return [found]


def caller_claims(record: Record) -> list[Event]:
    """501: only where the caller showed a certificate; the rest repeats what 1200 says."""
    claims = adfs.claims(adfs.values(record))
    issuer = adfs.certificate_claim(claims, "field/issuer")
    ekus = adfs.certificate_claim(claims, "extension/eku")
    if not issuer and not ekus:
        return []
    found = _attempt(record, adfs.caller(claims), "success")
    found.certificate_thumbprint = adfs.thumbprint(claims)
    found.certificate_issuer = issuer[0] if issuer else None
    found.certificate_eku = ekus[0] if ekus else None
    found.certificate_ekus = ekus or None
    return [found]


def _attempt(record: Record, account: str | None, outcome: str) -> AdfsAuth:
    """What every audit of a sign-in tells."""
    here = identity.host(record.computer)
    return AdfsAuth(
        ts=record.ts,
        via=record.via,
        protocol="adfs",
        dc=here,
        account=account,
        outcome=outcome,
        adfs_server=here,
    )


EVENTS = {
    **{(_PROVIDER, number): signed_in for number in (1200, 1201, 1202, 1203)},
    (_PROVIDER, 411): token_refused,
    (_PROVIDER, 501): caller_claims,
}
