"""Changes of AD FS: AD FS Auditing 307 configuration changed, 510 what of it -> adfs_change.

Both carry values without names: an instance that joins them, then words of the configuration
database. What was changed is known by those words: IssuanceScope is a relying party trust,
IssuanceAuthority a claims provider trust. Reference: AD FS troubleshooting, auditing events;
MS-SPPT does not cover the database, so the words are taken from its public tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.pki import AdfsChange
from sensor.map import adfs, identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_OBJECT: Final = (
    (re.compile(r"IssuanceAuthority|Claims ?Provider", re.IGNORECASE), "claims_provider_trust"),
    (re.compile(r"(?:Signing|Decryption|Encryption)(?:Token|Certificate)|Token-?Signing|Add-?AdfsCertificate|"
                r"CertificateRollover", re.IGNORECASE), "token_signing_certificate"),
    (re.compile(r"Policy(?:Rule|Metadata)|(?:Issuance|Acceptance)TransformRule|AuthorizationRule|"
                r"AdditionalAuthenticationRule|PolicyType", re.IGNORECASE), "claim_rule"),
    (re.compile(r"IssuanceScope|Relying ?Party", re.IGNORECASE), "relying_party_trust"),
)  # fmt: skip
"""What the words name; the first that is found."""
_DETAIL_LIMIT: Final = 4096


def configuration_changed(record: Record) -> list[Event]:
    """The values, a line each, and what they name; `configuration` where they name none of it."""
    values = [value.strip() for value in adfs.values(record)]
    detail = "\n".join(value for value in values if value)[:_DETAIL_LIMIT]
    here = identity.host(record.computer)
    who = identity.subject(record) or identity.sid(record.user_sid)
    return [
        AdfsChange(
            ts=record.ts,
            via=record.via,
            protocol="adfs",
            dc=here,
            account=who,
            outcome="success",
            adfs_server=here,
            actor=who,
            object=next((o for pattern, o in _OBJECT if pattern.search(detail)), "configuration"),
            detail=detail or None,
        )
    ]


EVENTS = {("AD FS Auditing", number): configuration_changed for number in (307, 510)}
