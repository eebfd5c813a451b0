"""Shells opened by other machines: Microsoft-Windows-WinRM/Operational 91, Windows PowerShell 400
with the host of remoting -> remote_shell.

91 names the kind of shell by its resource; 400 tells a host's name, `ServerRemoteHost` where the
commands come from elsewhere. Neither has the address. Script blocks (4104) do not say where they
came from and stay `windows_event`. Reference: WinRM event 91; PowerShell, "about_Logging".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.windows import RemoteShell
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_POWERSHELL: Final = re.compile(r"/powershell/|microsoft\.powershell", re.IGNORECASE)
_REMOTE: Final = re.compile(r"\bHostName=ServerRemoteHost\b")


def _shell(record: Record, kind: str) -> Event:
    return RemoteShell(
        ts=record.ts,
        via=record.via,
        dc=identity.host(record.computer),
        account=identity.sid(record.user_sid),
        outcome="success",
        kind=kind,
    )


def shell_created(record: Record) -> list[Event]:
    """91: resourceUri."""
    resource = record.text("resourceUri") or record.text("1") or ""
    return [_shell(record, "powershell" if _POWERSHELL.search(resource) else "winrm")]


def engine_started(record: Record) -> list[Event]:
    """400: three values without a name, in the last of them `HostName=`."""
    if not any(_REMOTE.search(value[:8192]) for value in record.data.values()):
        return []
    return [_shell(record, "powershell")]


EVENTS = {
    ("Microsoft-Windows-WinRM/Operational", 91): shell_created,
    ("Windows PowerShell", 400): engine_started,
}
