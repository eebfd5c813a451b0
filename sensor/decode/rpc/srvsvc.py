"""MS-SRVS: the share or the path a call names; session enumeration is a plain `rpc_call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "srvsvc"

_NAMES_SHARE: Final = frozenset({16, 17, 18, 19, 37})
"""(ServerName, NetName): NetrShareGetInfo, SetInfo, Del, DelSticky, DelStart"""
_NAMES_PATH: Final = frozenset({30, 31, 32})
"""(ServerName, PathName): NetprPathType, PathCanonicalize, PathCompare"""
_FILE_SECURITY: Final = frozenset({39, 40})
"""(ServerName, ShareName, FileName): NetrpGetFileSecurity, SetFileSecurity"""
_CERTIFICATE_MAPPING: Final = 74
"""LocalrServerCertificateMappingModify, in no published IDL; open to remote callers by mistake
(CVE-2022-30216). One of its texts is the share that is looked for."""


def events(call: Call) -> list[Event]:
    if not call.clear:
        return [call.rpc_call()]
    stub = call.request()
    if call.opnum in _NAMES_SHARE:
        stub.unique_text()
        return [call.rpc_call(stub.text())]
    if call.opnum in _NAMES_PATH:
        stub.unique_text()
        return [call.rpc_call(unc=stub.text())]
    if call.opnum in _FILE_SECURITY:
        stub.unique_text()
        stub.unique_text()
        return [call.rpc_call(stub.text())]
    if call.opnum == _CERTIFICATE_MAPPING:
        stub.unique_text()
        return [call.rpc_call(unc=stub.find_text("\\\\"))]
    return [call.rpc_call()]
