"""Expensive and inefficient searches: Directory Service 1644 -> ldap_search.

The record has no names, only positions: 1 starting node, 2 filter, 3 visited, 4 returned,
5 client address and port, 6 scope, 7 attributes, 17 user (2012 R2 and later). It is written in the
client's name, so Security/@UserID is who searched, also where 17 says nothing. Reference: event
1644 of Microsoft-Windows-ActiveDirectory_DomainService ("15 Field Engineering").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.ldap import LdapSearch
from sensor.map import identity

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_SCOPE: Final = {"base": "base", "onelevel": "one", "one level": "one", "subtree": "subtree"}
_FILTER_ATTRIBUTE: Final = re.compile(
    r"\(\s*([A-Za-z][A-Za-z0-9-]{0,63}|[0-9.]{3,64})\s*[:~<>]?[^()=]{0,80}="
)
_TEXT_LIMIT: Final = 16384
_ATTRIBUTES_LIMIT: Final = 500


def _client(text: str | None) -> tuple[str | None, int | None]:
    """`192.0.2.1:1234` or `[2001:db8::1]:1234` -> address, port."""
    host, _, port = (text or "").rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else None
    return identity.address(host.strip("[]")), number


def _attributes(text: str | None) -> list[str] | None:
    """Attributes asked for, lower; none named means all, as on the wire."""
    if text is None:
        return None
    if text == "[all]":
        return []
    return [word.strip().lower() for word in text.split(",")[:_ATTRIBUTES_LIMIT] if word.strip()]


def _filter_attributes(text: str | None) -> list[str] | None:
    """Attributes a filter compares, lower, each once. Windows prints a space around operators."""
    if text is None:
        return None
    return list(dict.fromkeys(name.lower() for name in _FILTER_ATTRIBUTE.findall(text)))


def search_logged(record: Record) -> list[Event]:
    """1644: see the positions above."""
    ip, port = _client(record.text("5"))
    user = record.text("17")
    search_filter = (record.text("2") or "")[:_TEXT_LIMIT] or None
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
            filter_attributes=_filter_attributes(search_filter),
            attributes=_attributes(record.text("7")),
            returned_count=record.number("4"),
            visited=record.number("3"),
        )
    ]


EVENTS = {
    ("Directory Service", 1644): search_logged,
    ("Microsoft-Windows-ActiveDirectory_DomainService", 1644): search_logged,
}
