"""One event of an event trace -> a record: the header that files and live sessions share.

Reference: evntcons.h (EVENT_HEADER, EVENT_DESCRIPTOR, EVENT_HEADER_EXTENDED_DATA_ITEM); in a file the
second field holds the type of the header and a mark, the rest is the same.
"""

from __future__ import annotations

import struct
import uuid
from functools import lru_cache
from typing import Final

from sensor.inputs.etwlayouts import provider_name, sid_text, user_data
from sensor.map.record import Record
from sensor.map.windows import is_mapped

EXTENDED: Final = 0x0001
"""Flag of the header: extended data follow it."""
EXT_SID: Final = 2
"""Extended data that hold the SID of the user: the session asked for it (EVENT_ENABLE_PROPERTY_SID)."""
_HEADER: Final = struct.Struct("<HHHHIIq16sHBBBBHQQ16s")
HEADER_SIZE: Final = _HEADER.size
_UNREAD: Final = 1024
"""So many bytes of data whose layout is not known are kept."""


def record_of(header: bytes, ts: int, sid: str | None, data: bytes, *, whole: bool) -> Record:
    """The record of an event whose header begins here; `ts` in microseconds UTC.

    The data of events without a mapping are read with `whole` alone. The computer is not known here.
    Raises struct.error.
    """
    fields = _HEADER.unpack_from(header)
    guid, (number, version, _, level, opcode, task, keywords) = fields[7], fields[8:15]
    provider, name = _provider(guid)
    record = Record(
        ts=ts,
        trace=True,
        event_id=number,
        provider=name,
        version=version,
        keywords=keywords,
        level=level,
        task=task,
        opcode=opcode,
        user_sid=sid,
    )
    if whole or is_mapped("", name, number):
        found = user_data(provider, number, version, data)
        if found is None and data:
            found = {"1": data[:_UNREAD].hex().upper()}
        record.data = found or {}
    return record


def sid_of(data: bytes) -> str | None:
    """The SID of extended data; None where it is none."""
    try:
        return sid_text(data)[0]
    except (ValueError, IndexError, struct.error):
        return None


@lru_cache(maxsize=4096)
def _provider(raw: bytes) -> tuple[uuid.UUID, str]:
    guid = uuid.UUID(bytes_le=raw)
    return guid, provider_name(guid)
