"""Printer drivers: Microsoft-Windows-PrintService/Operational 316 added or updated, /Admin 808
plug-in module not loaded -> driver_install.

Both put their values under names that differ between versions, so files on other machines are
found by their form, a UNC path. Reference: PrintService events; CVE-2021-34527.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.windows import DriverInstall
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_UNC: Final = re.compile(
    r"(?:UNC\\|\\\\)(?![.?]\\)([^\\/:*?\"<>|,;\s]{1,255}\\[^:*?\"<>|,;\r\n]{1,512})"
)


def driver_added(record: Record) -> list[Event]:
    """316: driver, platform, files. 808: path of the module, error; then it was not loaded."""
    values = [*record.data.values(), *record.user_data.values()]
    found = next((m for value in values if (m := _UNC.search(value[:8192]))), None)
    who = identity.sid(record.user_sid)
    return [
        DriverInstall(
            ts=record.ts,
            via=record.via,
            dc=identity.host(record.computer),
            account=who,
            outcome="success" if record.event_id == 316 else "error",
            unc=f"\\\\{found[1].strip()}" if found else None,
        )
    ]


EVENTS = {
    ("Microsoft-Windows-PrintService/Operational", 316): driver_added,
    ("Microsoft-Windows-PrintService/Admin", 808): driver_added,
}
