"""ldap.log -> `ldap_bind`. Other operations there name no attribute or value, and are no events.

A SASL or Sicily bind has a row for each leg; the last one tells how it ended. Reference:
base/protocols/ldap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ldap import LdapBind
from sensor.decode.ldap_bind import SASL_IN_PROGRESS, Result, outcome
from sensor.map.zeek_ldap import protocol_of, result_code

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "ldap"
MARKS: Final = (frozenset({"message_id", "opcode"}),)
_SIMPLE: Final = "bind simple"
_SASL: Final = "bind sasl"
_SICILY: Final = "sicily_response"
_MECHANISMS: Final[dict[str, str]] = {"gss-spnego": "gss_spnego", "gssapi": "gssapi"}


def events(row: Row) -> list[Event]:
    """The event of a row."""
    opcode, name = (row.text("opcode") or "").lower(), row.text("object")
    if opcode == _SIMPLE:
        mechanism = "simple" if name else "anonymous"
    elif opcode == _SASL:
        said = (row.text("argument") or "").lower()
        mechanism = _MECHANISMS.get(said, said.replace("-", "_")[:40])
    elif opcode == _SICILY:
        mechanism = "ntlm_sicily"
    else:
        return []
    code = result_code(row.text("result"))
    if code == SASL_IN_PROGRESS:
        return []
    told = "unknown"
    if code is not None:
        told = outcome(Result(code, row.text("diagnostic_message") or ""))
    bind = LdapBind(
        **row.common(protocol_of(row)),
        mechanism=mechanism,
        bind_name=name or "",
        result=code,
        outcome=told,
    )
    bind.account = name if mechanism == "simple" else None
    return [bind]
