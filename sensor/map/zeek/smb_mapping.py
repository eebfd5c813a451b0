"""smb_mapping.log -> `smb_file` without a path: a share was connected. Reference: base/protocols/smb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.smb import SmbFile

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "smb_mapping"
MARKS: Final = (frozenset({"share_type"}),)


def events(row: Row) -> list[Event]:
    """The event of a row."""
    return [SmbFile(**row.common("smb"), share=row.text("path"), action="open", outcome="success")]
