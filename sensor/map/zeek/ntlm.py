"""ntlm.log -> `ntlm_auth`: an exchange in which the client answered the challenge.

Zeek says whether it succeeded, but not why it did not. Reference: base/protocols/ntlm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.ntlm import NtlmAuth

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "ntlm"
MARKS: Final = (
    frozenset({"server_nb_computer_name"}),
    frozenset({"username", "domainname"}),
    frozenset({"username", "hostname"}),
)
_OUTCOME: Final = {True: "success", False: "denied", None: "unknown"}


def events(row: Row) -> list[Event]:
    """The event of a row; none where the client named nobody."""
    user = row.text("username")
    if user is None:
        return []
    domain = row.text("domainname")
    return [
        NtlmAuth(
            **row.common("ntlm"),
            account=f"{domain}\\{user}" if domain else user,
            workstation=row.text("hostname"),
            outcome=_OUTCOME[row.flag("success")],
        )
    ]
