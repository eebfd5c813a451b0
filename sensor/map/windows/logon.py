"""Sessions: 4624 success, 4625 failure, 4634 end, 4648 explicit credentials, 4672 special privileges
-> logon.

The end of a session (4634), an attempt with explicit credentials (4648) and the privileges of a
session (4672) carry no logon_type and no outcome: they are no logons, and a rule that counts logons
by type must not count them. Reference: events 4624, 4625, 4634, 4648, 4672.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from dsl.schema.windows import Logon
from sensor.map import identity, ntstatus

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_PRIVILEGES_LIMIT: Final = 64


def _logon_type(record: Record) -> str | None:
    number = record.number("LogonType")
    return None if number is None else enums.LOGON_TYPE.get(number, f"type_{number}")


def logged_on(record: Record) -> list[Event]:
    """4624 and 4625: Target*, LogonType, AuthenticationPackageName, IpAddress, WorkstationName."""
    status = record.number("SubStatus") or record.number("Status")
    client = identity.client(record, workstation=record.text("WorkstationName"))
    return [
        Logon(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=identity.target(record),
            source=client.source,
            src_ip=client.ip,
            src_port=client.port,
            outcome="success" if record.event_id == 4624 else ntstatus.outcome(status) or "error",
            logon_type=_logon_type(record),
            logon_id=record.number("TargetLogonId"),
            logon_guid=identity.guid(record.text("LogonGuid")),
            package=record.text("AuthenticationPackageName"),
            status=status,
            process=record.text("ProcessName"),
        )
    ]


def logged_off(record: Record) -> list[Event]:
    """4634: TargetUserName, TargetLogonId."""
    return [
        Logon(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=identity.target(record),
            logon_id=record.number("TargetLogonId"),
        )
    ]


def explicit_credentials(record: Record) -> list[Event]:
    """4648: the credentials (Target*), where they were used (TargetServerName), the process.

    The record is written where the credentials were typed, so without an address the client is
    that machine.
    """
    client = identity.client(record)
    here = identity.host(record.computer)
    server = record.text("TargetServerName")
    local = server is None or server.casefold() == "localhost"
    return [
        Logon(
            ts=record.ts,
            via=record.via,
            dc=here,
            server=here if local else identity.workstation_host(record, server),
            account=identity.target(record),
            source=client.source if client.source or client.ip else here,
            src_ip=client.ip,
            src_port=client.port,
            logon_guid=identity.guid(record.text("TargetLogonGuid")),
            process=record.text("ProcessName"),
        )
    ]


def privileges_assigned(record: Record) -> list[Event]:
    """4672: Subject* is who logged on, SubjectLogonId the session, PrivilegeList one a line."""
    held = (record.text("PrivilegeList") or "").split()[:_PRIVILEGES_LIMIT]
    return [
        Logon(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=identity.subject(record),
            logon_id=record.number("SubjectLogonId"),
            privileges=held or None,
        )
    ]


EVENTS = {
    ("Security", 4624): logged_on,
    ("Security", 4625): logged_on,
    ("Security", 4634): logged_off,
    ("Security", 4648): explicit_credentials,
    ("Security", 4672): privileges_assigned,
}
