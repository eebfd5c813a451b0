"""Tickets to get tickets: 4768 (granted or refused), 4771 (pre-authentication failed) -> kerberos_as.

Version 2 of 4768 (2025) adds the client's etypes and the hash of the ticket. Reference: events
4768 and 4771; RFC 4120 §3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.kerberos import KerberosAs
from sensor.map import identity, kdc

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record


def ticket_requested(record: Record) -> list[Event]:
    """4768 and 4771: TargetUserName, Status, TicketOptions, PreAuthType, IpAddress, Cert*."""
    text = record.text
    client = identity.client(record)
    result = kdc.result(record.number("Status"))
    return [
        KerberosAs(
            ts=record.ts,
            via=record.via,
            protocol="kerberos",
            dc=identity.host(record.computer),
            account=identity.target(record),
            source=client.source,
            src_ip=client.ip,
            src_port=client.port,
            outcome=kdc.outcome(result),
            account_name=text("TargetUserName"),
            realm=text("TargetDomainName"),
            service=text("ServiceName"),
            result=result,
            kdc_options=kdc.options(record.number("TicketOptions")),
            req_etypes=kdc.advertised(text("ClientAdvertizedEncryptionTypes")),
            preauth_types=kdc.preauth(text("PreAuthType")),
            preauth_etype=kdc.etype(record.number("PreAuthEncryptionType")),
            etype=kdc.etype(record.number("TicketEncryptionType")),
            ticket_hash=kdc.ticket_hash(text("ResponseTicket")),
            certificate_issuer=text("CertIssuerName"),
            certificate_serial=identity.serial(text("CertSerialNumber")),
            certificate_thumbprint=(text("CertThumbprint") or "").lower() or None,
        )
    ]


EVENTS = {
    ("Security", 4768): ticket_requested,
    ("Security", 4771): ticket_requested,
}
