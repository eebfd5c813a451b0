"""One record of a Windows event log or trace, as every reader of them hands it over.

The mappings in `sensor.map.windows` know this struct and the event schema, and nothing of files,
XML or the host they run on. Reference: the event schema of the Windows Event Log
(http://schemas.microsoft.com/win/2004/08/events/event), elements System, EventData and UserData.
"""

from __future__ import annotations

from typing import Final

import msgspec

AUDIT_FAILURE: Final = 0x0010_0000_0000_0000
"""Bit of System/Keywords on a record about a refused attempt."""
AUDIT_SUCCESS: Final = 0x0020_0000_0000_0000
ABSENT: Final = frozenset({"", "-", "%%1793", "%%1794", "NULL", "(NULL)", "N/A", "n/a"})
"""What Windows writes where there is no value: a dash, `<value not set>`, `<never>`, N/A."""
_INT64_MAX: Final = 2**63 - 1


class Record(msgspec.Struct, gc=False, kw_only=True):
    """A record: System fields, and the text of EventData and UserData by name.

    `ts` is System/TimeCreated in microseconds UTC. `data` holds EventData; a Data element without
    a name is called by its position, "1", "2", …, as the message inserts %1, %2, … are.
    `user_data` holds the leaves below UserData. `user_sid` is System/Security/@UserID.
    `position` is its number in the .evtx file it was read from: in a collector's log not `record_id`,
    which is the number where it was written. `trace`: an event of an event trace, which no log kept.
    """

    ts: int
    event_id: int
    provider: str = ""
    channel: str = ""
    version: int = 0
    computer: str = ""
    record_id: int | None = None
    position: int | None = None
    keywords: int = 0
    level: int | None = None
    task: int | None = None
    opcode: int | None = None
    user_sid: str | None = None
    data: dict[str, str] = {}
    user_data: dict[str, str] = {}
    trace: bool = False

    @property
    def via(self) -> str:
        """The witness: `event_4776`, `etw`."""
        return "etw" if self.trace else f"event_{self.event_id}"

    @property
    def failed(self) -> bool:
        """The record is an audit of a refused attempt."""
        return bool(self.keywords & AUDIT_FAILURE)

    @property
    def outcome(self) -> str | None:
        """`success` or `denied` by the audit keywords; None on records that are no audits."""
        if self.failed:
            return "denied"
        return "success" if self.keywords & AUDIT_SUCCESS else None

    def text(self, name: str) -> str | None:
        """A value of EventData or else UserData, trimmed; None where Windows wrote no value."""
        value = self.data.get(name)
        if value is None:
            value = self.user_data.get(name, "")
        value = value.strip()
        return None if value in ABSENT else value

    def number(self, name: str) -> int | None:
        """A value as a number, decimal or 0x…; None where it is none or exceeds 63 bits."""
        return integer(self.text(name))


def integer(text: str | None) -> int | None:
    """A number as Windows prints it, decimal or 0x…; None where it is none or exceeds 63 bits."""
    if not text or len(text) > 20:
        return None
    try:
        value = int(text, 16 if text[:2] in {"0x", "0X"} else 10)
    except ValueError:
        return None
    return value if -_INT64_MAX <= value <= _INT64_MAX else None
