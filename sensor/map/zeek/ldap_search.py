"""ldap_search.log -> `ldap_search`. Attributes are logged under a policy script only.

Reference: base/protocols/ldap; filters are RFC 4515, with ANDs and ORs of many parts in pairs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.ldap import LdapSearch
from sensor.decode.ldap_bind import Result, outcome
from sensor.map.zeek_ldap import protocol_of, result_code

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "ldap_search"
MARKS: Final = (frozenset({"base_object"}), frozenset({"message_id", "filter"}))
_SCOPE: Final = {"base": "base", "single": "one", "tree": "subtree"}
_ATTRIBUTE: Final = re.compile(r"\(([A-Za-z][A-Za-z0-9;-]{0,63}|[0-9.]{3,64})[:~<>]?[^()=]{0,80}=")
_TEXT_LIMIT: Final = 16_384


def events(row: Row) -> list[Event]:
    """The event of a row."""
    searched = (row.text("filter") or "")[:_TEXT_LIMIT] or None
    code = result_code(row.text("result"))
    asked = row.texts("attributes")
    compared = _ATTRIBUTE.findall(searched or "")
    return [
        LdapSearch(
            **row.common(protocol_of(row)),
            base=row.text("base_object") or "",
            scope=_SCOPE.get(row.text("scope") or ""),
            filter=searched,
            filter_attributes=list(dict.fromkeys(name.lower() for name in compared)),
            attributes=None if asked is None else [name.lower() for name in asked],
            returned_count=row.number("result_count"),
            result=code,
            outcome="unknown" if code is None else outcome(Result(code, "")),
        )
    ]
