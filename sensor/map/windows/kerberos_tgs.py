"""Service tickets: 4769 (requested), 4770 (renewed) -> kerberos_tgs.

The records name the service by its account, not by the SPN that was asked for. Reference: events
4769 and 4770; RFC 4120 §3.3; MS-SFU §3.2.5 (TransmittedServices of a delegated request).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.kerberos import KerberosTgs
from sensor.map import identity, kdc

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record


def _s4u(record: Record, options: list[int] | None) -> str | None:
    """Proxy and u2u by the record's own words; S4U2self cannot be told from it, so else None."""
    if record.text("TransmittedServices") or (options and kdc.CNAME_IN_ADDL_TKT in options):
        return "proxy"
    return "u2u" if options and kdc.ENC_TKT_IN_SKEY in options else None


def _service_account(name: str | None, sid: str | None) -> str | None:
    """The account behind a service; a name with a class is an SPN that nobody has."""
    return identity.account(None if name and "/" in name else name, None, sid)


def service_ticket(record: Record) -> list[Event]:
    """4769 and 4770: TargetUserName, ServiceName, ServiceSid, TicketOptions, Status, IpAddress."""
    text = record.text
    client = identity.client(record)
    service = text("ServiceName")
    options = kdc.options(record.number("TicketOptions"))
    # 4770 is written for success only and has no Status
    result = "none" if record.event_id == 4770 else kdc.result(record.number("Status"))
    return [
        KerberosTgs(
            ts=record.ts,
            via=record.via,
            protocol="kerberos",
            dc=identity.host(record.computer),
            account=identity.target(record),
            source=client.source,
            src_ip=client.ip,
            src_port=client.port,
            outcome=kdc.outcome(result),
            result=result,
            realm=text("TargetDomainName"),
            service=service,
            service_class=kdc.service_class(service),
            service_account=_service_account(service, text("ServiceSid")),
            kdc_options=options,
            req_etypes=kdc.advertised(text("ClientAdvertizedEncryptionTypes")),
            etype=kdc.etype(record.number("TicketEncryptionType")),
            ticket_hash=kdc.ticket_hash(text("ResponseTicketHash")),
            tgt_hash=kdc.ticket_hash(text("RequestTicketHash")),
            s4u=_s4u(record, options),
            logon_guid=identity.guid(text("LogonGuid")),
        )
    ]


EVENTS = {
    ("Security", 4769): service_ticket,
    ("Security", 4770): service_ticket,
}
