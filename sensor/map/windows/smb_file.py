"""Checked access to a file or pipe of a share: 5145 -> smb_file.

The record tells what was asked for at the open, not what was done after; the action is the
strongest right asked for. Reference: event 5145; MS-SMB2 §2.2.13.1 (access mask).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.smb import SmbFile
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_READ_DATA: Final = 0x1
_WRITE_DATA: Final = 0x2 | 0x4
_DELETE: Final = 0x10000


def _action(mask: int | None, share: str | None) -> str:
    """A pipe is opened for both ways; only files are read, written, deleted."""
    if mask is None or share == "IPC$":
        return "open"
    if mask & _WRITE_DATA:
        return "write"
    if mask & _DELETE:
        return "delete"
    return "read" if mask & _READ_DATA else "open"


def share_access(record: Record) -> list[Event]:
    r"""ShareName (`\\*\ADMIN$`), RelativeTargetName, AccessMask, IpAddress."""
    share = (record.text("ShareName") or "").rpartition("\\")[2] or None
    client = identity.client(record)
    path = record.text("RelativeTargetName")
    return [
        SmbFile(
            ts=record.ts,
            via=record.via,
            protocol="smb",
            dc=identity.host(record.computer),
            account=identity.subject(record),
            source=client.source,
            src_ip=client.ip,
            src_port=client.port,
            outcome=record.outcome,
            share=share,
            path=path,
            action=_action(record.number("AccessMask"), share),
        )
    ]


EVENTS = {("Security", 5145): share_access}
