"""dns.log -> `dns_query`. The second answer to one question is a row without type: no event.

Reference: base/protocols/dns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.dns import DnsQuery

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "dns"
MARKS: Final = (frozenset({"query", "trans_id"}), frozenset({"qtype_name"}))


def events(row: Row) -> list[Event]:
    """The event of a row."""
    kind = (row.text("qtype_name") or "").lower()
    if row.text("opcode_name") == "dynamic-update":
        kind = "update"
    if not kind:
        return []
    rcode = row.text("rcode_name")
    return [
        DnsQuery(
            **row.common("dns"),
            query=row.text("query"),
            qtype=kind,
            rcode=rcode.lower() if rcode else None,
            transport=row.text("proto"),
            answers=len(row.texts("answers") or ()) if rcode and kind != "update" else None,
        )
    ]
