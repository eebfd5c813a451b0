"""An event as JSON for people and programs: `type`, `ts` and the fields that are set.

Times are integers of microseconds as in the schema, bytes are hex text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dsl.schema.base import Event


def event_dict(event: Event) -> dict[str, object]:
    """The set fields of an event, `type` first; bytes as hex."""
    built = msgspec.to_builtins(event, builtin_types=(bytes,))
    return {k: v.hex() if isinstance(v, bytes) else v for k, v in built.items()}


def event_line(event: Event) -> bytes:
    """One line of JSON, without the line end."""
    return msgspec.json.encode(event_dict(event))
