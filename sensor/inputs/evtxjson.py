"""A record as the Rust library prints it (JSON) -> `Record`, typed, in the usual shape; else by `wintree`.

Reading a log is mostly this, so the fields of System are decoded in one go, and what is below
EventData and UserData only where somebody wants to know it. Reference: event schema of the Windows
Event Log (winevt.h, "Event Schema Elements").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct, field

from sensor.inputs.wintree import VALUE_LIMIT, event_data, instant, leaves, mask, record_of_tree
from sensor.map.record import Record

Wanted = Callable[[str, str, int], bool]
"""Whether anybody reads the data of such records: channel, provider, event id."""
_Number = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
_NOTHING: Final = msgspec.Raw(b"null")
_Text = Annotated[str, Meta(max_length=VALUE_LIMIT)]


class _Named(Struct, gc=False):
    name: _Text = field(default="", name="Name")


class _Provider(Struct, gc=False):
    attributes: _Named = field(name="#attributes")


class _Qualified(Struct, gc=False):
    number: _Number = field(name="#text")


class _Created(Struct, gc=False):
    time: _Text = field(name="SystemTime")


class _Time(Struct, gc=False):
    attributes: _Created = field(name="#attributes")


class _By(Struct, gc=False):
    user: _Text = field(default="", name="UserID")


class _Security(Struct, gc=False):
    attributes: _By = field(name="#attributes")


class _System(Struct, gc=False, rename="pascal"):
    provider: _Provider
    event_id: _Number | _Qualified = field(name="EventID")
    time_created: _Time
    channel: _Text = ""
    computer: _Text = ""
    version: _Number = 0
    level: _Number | None = None
    task: _Number | None = None
    opcode: _Number | None = None
    keywords: _Text = ""
    number: _Number | None = field(default=None, name="EventRecordID")
    security: _Security | None = None


class _Event(Struct, gc=False):
    system: _System = field(name="System")
    event_data: msgspec.Raw = field(default=_NOTHING, name="EventData")
    user_data: msgspec.Raw = field(default=_NOTHING, name="UserData")


class _Root(Struct, gc=False):
    event: _Event = field(name="Event")


_DECODER: Final = msgspec.json.Decoder(_Root)


def record_of_json(text: str, wanted: Wanted | None = None) -> Record:
    """The record in a JSON text {"Event": {System, EventData, UserData}}; without data where `wanted`
    says no. Raises NoEventError, and ValueError, KeyError or TypeError where the text is none such.
    """
    try:
        event = _DECODER.decode(text).event
    except msgspec.ValidationError:
        return record_of_tree(msgspec.json.decode(text)["Event"])
    system = event.system
    number, channel = system.event_id, system.channel.strip()
    event_id = number if isinstance(number, int) else number.number
    provider = system.provider.attributes.name
    record = Record(
        ts=instant(system.time_created.attributes.time),
        event_id=event_id,
        provider=provider,
        channel=channel,
        version=system.version,
        computer=system.computer.strip(),
        record_id=system.number,
        keywords=mask(system.keywords),
        level=system.level,
        task=system.task,
        opcode=system.opcode,
        user_sid=(system.security.attributes.user or None) if system.security else None,
    )
    if wanted is None or wanted(channel, provider, event_id):
        record.data = event_data(msgspec.json.decode(event.event_data))
        if event.user_data is not _NOTHING:
            record.user_data = leaves(msgspec.json.decode(event.user_data))
    return record
