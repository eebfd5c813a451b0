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


def _values(record: Record) -> list[str]:
    return [*record.data.values(), *record.user_data.values()]


def signed_in(record: Record) -> list[Event]:
    """1200 to 1203: UserId, IpAddress, ForwardedIpAddress, RelyingParty, FailureType, ErrorCode."""
    told = adfs.audit_fields(_values(record))
    granted = record.event_id in _GRANTED
    here = identity.host(record.computer)
    return [
        AdfsAuth(
            ts=record.ts,
            via=record.via,
            protocol="adfs",
            dc=here,
            account=identity.account(told.get("UserId")),
            src_ip=adfs.first_address(told.get("IpAddress"), told.get("ForwardedIpAddress")),
            outcome="success"
            if granted
            else adfs.refusal(told.get("ErrorCode"), told.get("FailureType")),
            adfs_server=here,
            relying_party=told.get("RelyingParty"),
        )
    ]


def token_refused(record: Record) -> list[Event]:
    """411: `user-The user name or password is incorrect`, the client's addresses."""
    values = _values(record)
    name = next((m[1] for value in values if (m := _REFUSED_NAME.match(value))), None)
    here = identity.host(record.computer)
    return [
        AdfsAuth(
            ts=record.ts,
            via=record.via,
            protocol="adfs",
            dc=here,
            account=identity.account(name),
            src_ip=adfs.first_address(*values),
            outcome=adfs.refusal(*values),
            adfs_server=here,
        )
    ]


def caller_claims(record: Record) -> list[Event]:
    """501: only where the caller showed a certificate; the rest repeats what 1200 says."""
    found = adfs.claims(_values(record))
    issuer = adfs.certificate_claim(found, "field/issuer")
    ekus = adfs.certificate_claim(found, "extension/eku")
    if not issuer and not ekus:
        return []
    here = identity.host(record.computer)
    return [
        AdfsAuth(
            ts=record.ts,
            via=record.via,
            protocol="adfs",
            dc=here,
            account=adfs.caller(found),
            outcome="success",
            adfs_server=here,
            certificate_thumbprint=adfs.thumbprint(found),
            certificate_issuer=issuer[0] if issuer else None,
            certificate_eku=ekus[0] if ekus else None,
            certificate_ekus=ekus or None,
        )
    ]


EVENTS = {
    **{(_PROVIDER, number): signed_in for number in (1200, 1201, 1202, 1203)},
    (_PROVIDER, 411): token_refused,
    (_PROVIDER, 501): caller_claims,
}
