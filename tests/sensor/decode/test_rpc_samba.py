"""Stub readers fed by Samba's marshaller: each request in NDR of both byte orders and in NDR64.

Samba writes the source of DRSReplicaAdd and DRSReplicaModify in UTF-16 where MS-DRSR has octets;
such a name is not believed and the client stays the partner.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from stub_calls import ask

from sensor.decode.rpc_call import Handles

STUBS = Path(__file__).parents[2] / "data" / "rpc" / "samba_stubs.txt"
CLIENT = "ip:10.0.0.50"
NC = "DC=corp,DC=test"
BEHIND_HANDLE = "S-1-5-21-1-2-3"
# fmt: off
EXPECTED = {
    "replica_add_1": [("replication", {"direction": "inbound", "partner": CLIENT, "naming_context": NC})],
    "replica_add_2": [("replication", {"direction": "inbound", "partner": CLIENT, "naming_context": NC})],
    "replica_del": [("replication", {"direction": "inbound", "partner": "rogue.corp.test", "naming_context": NC})],
    "replica_sync": [("replication", {"direction": "inbound", "partner": "rogue.corp.test", "naming_context": NC})],
    "replica_modify": [("replication", {"direction": "inbound", "partner": CLIENT, "naming_context": NC})],
    "update_refs": [("replication", {"direction": "outbound", "partner": "rogue.corp.test", "naming_context": NC})],
    "add_entry_2": [("replication", {"partner": CLIENT, "naming_context": "CN=NTDS Settings,CN=ROGUE"})],
    "get_changes_5": [("replication", {"direction": "outbound", "partner": CLIENT, "naming_context": NC, "exop": "repl_secret"})],
    "get_changes_8": [("replication", {"direction": "outbound", "partner": CLIENT, "naming_context": NC, "exop": "repl_secret"})],
    "get_changes_10": [("replication", {"direction": "outbound", "partner": CLIENT, "naming_context": NC, "exop": "repl_secret"})],
    "create_user": [("rpc_call", {}), ("account_change", {"account": "evil$|S-1-5-21-1-2-3-1105", "action": "created"})],
    "add_group_member": [("rpc_call", {}), ("group_change", {"action": "member_added", "group": "S-1-5-21-1-2-3", "member": "S-1-5-21-1-2-1105"})],
    "add_alias_member": [("rpc_call", {}), ("group_change", {"action": "member_added", "group": "S-1-5-21-1-2-3", "member": "S-1-5-21-1-2-3-1105"})],
    "add_alias_members": [("rpc_call", {}), ("group_change", {"action": "member_added", "group": "S-1-5-21-1-2-3", "member": "S-1-5-21-1-2-3-1105"}), ("group_change", {"action": "member_added", "group": "S-1-5-21-1-2-3", "member": "S-1-5-21-1-2-3-1106"})],
    "open_domain": [("samr_query", {"enumerates": False, "object_sid": "S-1-5-21-1-2-3"})],
    "open_user": [("samr_query", {"enumerates": False, "object_sid": "S-1-5-21-1-2-3-500"})],
    "samr_lookup": [("samr_query", {"enumerates": False, "object": "krbtgt", "object_sid": "S-1-5-21-1-2-3"})],
    "set_user_rename": [("rpc_call", {}), ("account_change", {"account": "S-1-5-21-1-2-3", "action": "renamed", "new_name": "mallory"})],
    "set_user_password": [("rpc_call", {}), ("account_change", {"account": "S-1-5-21-1-2-3", "action": "password_reset"})],
    "set_user_other": [("rpc_call", {}), ("account_change", {"account": "S-1-5-21-1-2-3", "action": "changed"})],
    "set_user_name": [("rpc_call", {}), ("account_change", {"account": "S-1-5-21-1-2-3", "action": "renamed", "new_name": "DC1"})],
    "set_user_26": [("rpc_call", {}), ("account_change", {"account": "S-1-5-21-1-2-3", "action": "password_reset"})],
    "change_password": [("rpc_call", {}), ("account_change", {"account": "alice", "action": "password_changed"})],
    "lookup_names": [("rpc_call", {"object": "CORP\\alice, krbtgt"})],
    "lookup_names_4": [("rpc_call", {"object": "CORP\\alice, krbtgt"})],
    "lookup_sids": [("rpc_call", {"object": "S-1-5-21-1-2-3-1105, S-1-5-21-1-2-3-1106"})],
    "lookup_sids_3": [("rpc_call", {"object": "S-1-5-21-1-2-3-1105, S-1-5-21-1-2-3-1106"})],
    "private_data": [("rpc_call", {"object": "G$BCKUPKEY_P"})],
    "open_secret": [("rpc_call", {"object": "G$BCKUPKEY_P"})],
    "open_key": [("rpc_call", {"object": "S-1-5-21-1-2-3\\SAM\\SAM"})],
    "set_value": [("rpc_call", {"object": "S-1-5-21-1-2-3\\Run"})],
    "save_key": [("rpc_call", {"object": "S-1-5-21-1-2-3", "unc": "\\\\evil\\s\\x", "unc_host": "name:evil"})],
    "add_driver_3": [("rpc_call", {"object": "drv", "unc": "\\\\evil.test\\s\\b.dll", "unc_host": "evil.test"}), ("driver_install", {"unc": "\\\\evil.test\\s\\b.dll"})],
    "add_driver_8": [("rpc_call", {"object": "drv", "unc": "\\\\evil.test\\s\\x.inf", "unc_host": "evil.test"}), ("driver_install", {"unc": "\\\\evil.test\\s\\x.inf"})],
    "notify": [("rpc_call", {"unc": "\\\\evil.test", "unc_host": "evil.test"})],
    "create_service": [("rpc_call", {"object": "evil"}), ("service_install", {"name": "evil", "image_path": "cmd /c calc", "start_type": "demand", "run_as": "CORP\\svc", "remote": True})],
    "path_canonicalize": [("rpc_call", {"unc": "\\\\evil.test\\s", "unc_host": "evil.test"})],
    "dfs_root": [("rpc_call", {"unc": "\\\\evil.test\\x", "unc_host": "evil.test"})],
    "job": [("rpc_call", {"object": "cmd /c x"}), ("task_create", {"command": "cmd /c x", "remote": True})],
}
# fmt: on
COMMON = {
    "ts",
    "via",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "protocol",
    "encrypted",
    "outcome",
    "interface",
    "opnum",
    "method",
    "status",
}  # fmt: skip


def stubs():
    for line in STUBS.read_text().splitlines()[1:]:
        name, interface, opnum, form, data = line.split()
        yield pytest.param(name, interface, int(opnum), form, data, id=f"{name}-{form}")


@pytest.mark.parametrize(("name", "interface", "opnum", "form", "data"), list(stubs()))
def test_request(name, interface, opnum, form, data):
    stub = bytes.fromhex(data)
    handles = Handles()
    handles.open(stub[:20], BEHIND_HANDLE)
    answer = b"U" * 20 + struct.pack(">II" if form == "big" else "<II", 1, 1105) + b"\0" * 4
    events = ask(interface, opnum, stub, answer, handles=handles, wide=form == "ndr64", big=form == "big")  # fmt: skip
    got = [
        (
            type(event).__struct_config__.tag,
            {
                field: getattr(event, field)
                for field in event.__struct_fields__
                if field not in COMMON and getattr(event, field) is not None
            },
        )
        for event in events
    ]
    assert got == EXPECTED[name]
    assert all(event.method for event in events if hasattr(event, "method"))


def test_every_expectation_has_its_stubs():
    names = [param.values[0] for param in stubs()]
    assert sorted(names) == sorted([*EXPECTED, *EXPECTED, *EXPECTED])
