"""MS-EFSR: the file a call names; a UNC path to a foreign machine makes the server log on there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.decode.rpc_call import unc_host

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = ("efsrpc", "efsrpc_lsarpc")

_FILE_FIRST: Final = frozenset({0, 4, 5, 6, 7, 8, 9, 12, 13, 18, 19, 21, 22})
_DUPLICATE: Final = 13
"""EfsRpcDuplicateEncryptionInfoFile: source and destination"""
_FILE_THIRD: Final = frozenset({15, 16})
"""(flags, reserved, FileName): EfsRpcAddUsersToFileEx, EfsRpcFileKeyInfoEx"""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    stub = call.request()
    if call.opnum in _FILE_THIRD:
        stub.u32()
        if stub.pointer():  # an EFS_RPC_BLOB, which no client sends
            return [call.rpc_call()]
    elif call.opnum not in _FILE_FIRST:
        return [call.rpc_call()]
    path = stub.text()
    if call.opnum == _DUPLICATE and unc_host(path) is None:
        path = stub.text()
    return [call.rpc_call(unc=path)]
