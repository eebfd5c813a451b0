"""smb_files.log -> `smb_file`; closing a file is no event.

An open is logged with its answer, everything else with the request. Reference: base/protocols/smb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.smb import SmbFile

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "smb_files"
MARKS: Final = (frozenset({"action", "name"}), frozenset({"action", "times.modified"}))
_ACTIONS: Final = frozenset({"open", "read", "write", "delete", "rename"})
_ROOT: Final = "<share_root>"


def events(row: Row) -> list[Event]:
    """The event of a row."""
    action = (row.text("action") or "").rpartition("_")[2].lower()
    if action not in _ACTIONS:
        return []
    name = row.text("name")
    return [
        SmbFile(
            **row.common("smb"),
            share=row.text("path"),
            path="" if name == _ROOT else name,
            action=action,
            outcome="success" if action == "open" else "unknown",
        )
    ]
