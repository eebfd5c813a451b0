"""Services: System 7045, Security 4697 -> service_install.

7045 prints the start type in the system's language; only the English words are known. The account
of 7045 is Security/@UserID, as its EventData names nobody. Reference: events 4697 and 7045.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema import enums
from dsl.schema.windows import ServiceInstall
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_START: Final = {
    "boot start": "boot",
    "system start": "system",
    "auto start": "auto",
    "demand start": "demand",
    "disabled": "disabled",
}
_COMMAND_LIMIT: Final = 8192


def _start_type(text: str | None) -> str | None:
    if text is None:
        return None
    if text.isdigit() and len(text) < 3:
        return enums.START_TYPE.get(int(text))
    return _START.get(text.lower())


def service_installed(record: Record) -> list[Event]:
    """7045: ServiceName, ImagePath, StartType, AccountName. 4697: ServiceFileName, ServiceAccount…

    ClientProcessId (4697 version 1) is 0 where the caller was no local process.
    """
    text = record.text
    security = record.event_id == 4697
    process = record.number("ClientProcessId")
    image = text("ServiceFileName") if security else text("ImagePath")
    return [
        ServiceInstall(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=identity.subject(record)
            if security
            else identity.account(None, None, record.user_sid),
            outcome=record.outcome if security else "success",
            name=text("ServiceName"),
            image_path=image[:_COMMAND_LIMIT] if image else None,
            start_type=_start_type(text("ServiceStartType" if security else "StartType")),
            run_as=text("ServiceAccount" if security else "AccountName"),
            remote=None if process is None else process == 0,
        )
    ]


EVENTS = {
    ("Security", 4697): service_installed,
    ("System", 7045): service_installed,
}
