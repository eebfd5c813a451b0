"""One row of a Zeek log, as every reader of them hands it over.

The mappings in `sensor.map.zeek` know this struct and the event schema, and nothing of files, TSV
or JSON. Reference: Zeek's logging framework (Log::Info records; `conn_id` in `id`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import msgspec

from sensor.map.record import integer

if TYPE_CHECKING:
    from collections.abc import Mapping


class Common(TypedDict):
    """What `common` gives; typed, so that `KerberosAs(**row.common(...), realm=...)` checks."""

    ts: int
    via: str
    protocol: str
    src_ip: str | None
    src_port: int | None
    dst_ip: str | None
    dst_port: int | None


class Row(msgspec.Struct, gc=False, kw_only=True):
    """A row: `path` is the log it stands in (`kerberos`, `dce_rpc`; empty: not known), `ts` when it
    happened in microseconds UTC. `fields` holds what is set, by Zeek's names (`id.orig_h`): texts as
    the TSV writes them (bool as T and F, numbers in digits), sets and vectors as lists.
    """

    path: str
    ts: int
    fields: Mapping[str, str | list[str]]

    def text(self, name: str) -> str | None:
        """A text; None where it is not set or a list."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> list[str] | None:
        """A set or vector."""
        value = self.fields.get(name)
        return [value] if isinstance(value, str) else value

    def number(self, name: str) -> int | None:
        """A count, int or port."""
        return integer(self.text(name))

    def flag(self, name: str) -> bool | None:
        """A bool."""
        return {"T": True, "F": False}.get(self.text(name) or "")

    def common(self, protocol: str) -> Common:
        """The common fields of an event of this row."""
        return {
            "ts": self.ts,
            "via": "zeek",
            "protocol": protocol,
            "src_ip": self.text("id.orig_h"),
            "src_port": self.number("id.orig_p"),
            "dst_ip": self.text("id.resp_h"),
            "dst_port": self.number("id.resp_p"),
        }


def micros(text: str | None) -> int | None:
    """Microseconds of Zeek's `time` in seconds, `1402089720.123456`; None where it is none."""
    whole, _, part = (text or "").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) < 12):
        return None
    part = part[:6].ljust(6, "0")
    return int(whole) * 1_000_000 + int(part) if part.isascii() and part.isdigit() else None
