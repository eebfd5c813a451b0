"""Searches as the LDAP client traces them: Microsoft-Windows-LDAP-Client 30 -> ldap_search.

ScopeOfSearch, SearchFilter, DistinguishedName, AttributeList, ProcessId; the user by the SID of the
event, where the session asks for it. It is told before anything is sealed, so LDAPS and signed
searches are seen, and web services of the directory are not; nor is the server named. Without the
computer's name nothing is told. References: manifest of the provider; RFC 4511 §4.5.1 (scope);
"Using ETW to troubleshoot LDAP connections" (learn.microsoft.com).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ldap import LdapSearch
from sensor.map import identity, ldap_text

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.record import Record

_SCOPE: Final = {0: "base", 1: "one", 2: "subtree"}
_MARKS: Final = str.maketrans(";", ",", "[]\"'")
_BASE_LIMIT: Final = 4096


def searched(record: Record) -> list[Event]:
    """30: see above."""
    source, scope = identity.host(record.computer), record.number("ScopeOfSearch")
    if source is None or scope is None:
        return []
    found = ldap_text.bounded(record.text("SearchFilter"))
    return [
        LdapSearch(
            ts=record.ts,
            via=record.via,
            protocol="ldap",
            account=identity.account(None, None, record.user_sid),
            source=source,
            base=(record.text("DistinguishedName") or "")[:_BASE_LIMIT],
            scope=_SCOPE.get(scope),
            filter=found,
            filter_attributes=ldap_text.compared(found),
            attributes=ldap_text.asked((record.text("AttributeList") or "").translate(_MARKS)),
        )
    ]


EVENTS = {("Microsoft-Windows-LDAP-Client", 30): searched}
