"""Errors of the KDC as the client traces them: Microsoft-Windows-Security-Kerberos 3 -> kerberos_as,
kerberos_tgs.

ErrorCode, ClientRealm, ClientName, ServerRealm, ServerName, LogonSession. The event is the same in a
trace and in the log System. Answers without an error are not traced, and no address of the KDC.
Without the computer's name nothing is told. References: manifest of the provider; RFC 4120 §5.9.1 (KRB-ERROR), §7.5.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.kerberos import KerberosAs, KerberosTgs
from sensor.map import identity, kdc

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record


def refused(record: Record) -> list[Event]:
    """3: see above."""
    text = record.text
    source, code = identity.host(record.computer), record.number("ErrorCode")
    service = text("ServerName")
    if source is None or not code or service is None:
        return []
    result = kdc.result(code)
    account = identity.account(text("ClientName") or text("LogonSession"), text("ClientRealm"))
    realm = text("ServerRealm") or text("ClientRealm")
    if kdc.service_class(service) == "krbtgt" and _own(service, text("ClientRealm"), realm):
        return [
            KerberosAs(
                ts=record.ts, via=record.via, protocol="kerberos", account=account, source=source,
                outcome=kdc.outcome(result), account_name=text("ClientName"), realm=realm,
                service=service, result=result,
            )
        ]  # fmt: skip
    return [
        KerberosTgs(
            ts=record.ts, via=record.via, protocol="kerberos", account=account, source=source,
            outcome=kdc.outcome(result), realm=realm, service=service,
            service_class=kdc.service_class(service), result=result,
        )
    ]  # fmt: skip


def _own(service: str, client_realm: str | None, realm: str | None) -> bool:
    """Whether `krbtgt/REALM` is that of the realm asked, so a first ticket, and no referral."""
    named = service.partition("/")[2].casefold()
    return not named or named in {
        (client_realm or realm or "").casefold(),
        (realm or "").casefold(),
    }


EVENTS = {("Microsoft-Windows-Security-Kerberos", 3): refused}
