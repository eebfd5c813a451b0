"""dce_rpc.log -> `replication`, `samr_query`, `netlogon_secure` or `rpc_call`, as the decoder tells them.

The log has no arguments. Reference: base/protocols/dce-rpc.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sensor.map.rpc_calls import call_event

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "dce_rpc"
MARKS: Final = (frozenset({"endpoint", "operation"}),)
_INTERFACES: Final[dict[str, str]] = {
    "itaskschedulerservice": "itask", "iwbemservices": "wbem_services",
    "iwbemlevel1login": "wbem_login", "iwbemloginclientid": "wbem_login",
    "iremoteactivation": "dcom_activation", "isystemactivator": "dcom_activation",
    "ioxidresolver": "oxid_resolver", "iobjectexporter": "oxid_resolver",
    "iremunknown": "remunknown", "iremunknown2": "remunknown", "efs": "efsrpc",
    "winspool": "spoolss", "icertpassage": "icpr", "backupkey": "bkrp",
}  # fmt: skip
_NAME_LIMIT: Final = 64
_PREFIX: Final = re.compile(r"^\\pipe\\", re.IGNORECASE)


def events(row: Row) -> list[Event]:
    """The event of a row."""
    endpoint, method = (row.text("endpoint") or "").lower()[:_NAME_LIMIT], row.text("operation")
    if not endpoint or not method:
        return []
    interface = _INTERFACES.get(endpoint, endpoint)
    common = row.common("rpc")
    source = common["src_ip"]
    return [call_event(common, interface, method, f"ip:{source}" if source else None, _pipe(row))]


def _pipe(row: Row) -> str | None:
    r"""`\PIPE\samr` as `samr`, or the port."""
    name = row.text("named_pipe")
    return name and _PREFIX.sub("", name)
