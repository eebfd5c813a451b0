"""MS-BKRP: what a client asks of the domain's DPAPI backup key, by the GUID of the action (3.1.4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "bkrp"

_ACTIONS: Final[dict[str, str]] = {
    "7f752b10-178e-11d1-ab8f-00805f14db40": "BACKUPKEY_BACKUP_GUID",
    "7fe94d50-178e-11d1-ab8f-00805f14db40": "BACKUPKEY_RESTORE_GUID_WIN2K",
    "018ff48a-eaba-40c6-8f6d-72370240e967": "BACKUPKEY_RETRIEVE_BACKUP_KEY_GUID",
    "47270c64-2fc7-499b-ac5b-0e37cdce899a": "BACKUPKEY_RESTORE_GUID",
}


def events(call: Call) -> list[Event]:
    if not call.clear or call.opnum:
        return [call.rpc_call()]
    action = call.request().guid()
    return [call.rpc_call(_ACTIONS.get(action, action))]
