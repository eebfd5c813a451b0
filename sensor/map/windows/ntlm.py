"""Credential validation: Security 4776, NTLM/Operational 8004 -> ntlm_auth.

8004 is written before the answer is known and so has no outcome; it names the server that asked
over its secure channel. Reference: events 4776 and 8004 (Network security: Restrict NTLM: Audit
NTLM authentication in this domain).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.schema.ntlm import NtlmAuth
from sensor.map import identity, ntstatus

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record


def _workstation(text: str | None) -> str | None:
    r"""The client's word without the `\\` that some clients put before it."""
    return (text or "").lstrip("\\") or None


def credential_validated(record: Record) -> list[Event]:
    """4776: TargetUserName, Workstation, Status; the account's domain is not told."""
    workstation = _workstation(record.text("Workstation"))
    status = record.number("Status")
    return [
        NtlmAuth(
            ts=record.ts,
            via=record.via,
            protocol="ntlm",
            dc=identity.host(record.computer),
            account=identity.account(record.text("TargetUserName")),
            source=identity.workstation_host(record, workstation),
            workstation=workstation,
            status=status,
            outcome=ntstatus.outcome(status),
        )
    ]


def ntlm_audited(record: Record) -> list[Event]:
    """8004: SChannelName, UserName, DomainName, WorkstationName."""
    workstation = _workstation(record.text("WorkstationName"))
    return [
        NtlmAuth(
            ts=record.ts,
            via=record.via,
            protocol="ntlm",
            dc=identity.host(record.computer),
            server=identity.workstation_host(record, record.text("SChannelName")),
            account=identity.account(record.text("UserName"), record.text("DomainName")),
            source=identity.workstation_host(record, workstation),
            workstation=workstation,
        )
    ]


EVENTS = {
    ("Security", 4776): credential_validated,
    ("Microsoft-Windows-NTLM/Operational", 8004): ntlm_audited,
}
