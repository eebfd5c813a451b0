"""Expensive and inefficient searches: Directory Service 1644 -> ldap_search.

The record has no names, only positions: 1 starting node, 2 filter, 3 visited, 4 returned,
5 client address and port, 6 scope, 7 attributes, 17 user (2012 R2 and later). It is written in the
client's name, so Security/@UserID is who searched, also where 17 says nothing. Reference: event
1644 of Microsoft-Windows-ActiveDirectory_DomainService ("15 Field Engineering").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ldap import LdapSearch
from sensor.map import identity, ldap_text

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_SCOPE: Final = {"base": "base", "onelevel": "one", "one level": "one", "subtree": "subtree"}


def _client(text: str | None) -> tuple[str | None, int | None]:
    """`192.0.2.1:1234` or `[2001:db8::1]:1234` -> address, port."""
    host, _, port = (text or "").rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else None
    return identity.address(host.strip("[]")), number


def search_logged(record: Record) -> list[Event]:
    """1644: see the positions above."""
    ip, port = _client(record.text("5"))
    user = record.text("17")
    search_filter = ldap_text.bounded(record.text("2"))
    local = ip is not None and identity.is_loopback(ip)
    return [
        LdapSearch(
            ts=record.ts,
            via=record.via,
            protocol="ldap",
            dc=identity.host(record.computer),
            account=identity.account(
                None if user == "unavailable" else user, None, record.user_sid
            ),
            source=identity.host(record.computer) if local else None,
            src_ip=None if local else ip,
            src_port=port,
            outcome="success",
            base=record.text("1"),
            scope=_SCOPE.get((record.text("6") or "").lower()),
            filter=search_filter,
            filter_attributes=ldap_text.compared(search_filter),
            attributes=ldap_text.asked(record.text("7")),
            returned_count=record.number("4"),
            visited=record.number("3"),
        )
    ]


EVENTS = {
    ("Directory Service", 1644): search_logged,
    ("Microsoft-Windows-ActiveDirectory_DomainService", 1644): search_logged,
}
