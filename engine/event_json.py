"""An event as JSON for people and programs: `type`, `ts` and the fields that are set.

Times are integers of microseconds as in the schema, bytes are hex text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.schema.base import Event


def event_dict(event: Event) -> dict[str, object]:
    """The set fields of an event, `type` first; bytes as hex."""
    built = msgspec.to_builtins(event, builtin_types=(bytes,))
    return {k: v.hex() if isinstance(v, bytes) else v for k, v in built.items()}


def event_line(event: Event) -> bytes:
    """One line of JSON, without the line end."""
    return json_line(event_dict(event))


def json_line(value: Mapping[str, object]) -> bytes:
    r"""An object as one line of JSON without the line end, in UTF-8.

    Characters without a visible form stand as `\uXXXX`: the line says the same to programs and
    cannot drive a terminal or hide something from whoever reads it there.
    """
    try:
        line = msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair, as a file's name may hold
        return json.dumps(value, separators=(",", ":")).encode()
    text = line.decode()
    if text.isprintable():
        return line
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text).encode()
