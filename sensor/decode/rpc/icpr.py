"""MS-ICPR: a certificate asked of a certification authority, as `certificate_request`.

An authority demands privacy by default; then only who asks whom is known. In clear the request's
attributes give the template and the alternative names asked for beside those inside the request
(MS-WCCE 2.2.2.7), and the answer the number of the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.pki import CertificateRequest

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.decode.rpc_call import Call

INTERFACE: Final = "icpr"

_REQUEST: Final = 0
_ATTRIBUTES: Final = 8_192
_LINES: Final = 64
_LIMIT: Final = 1_024


def events(call: Call) -> list[Event]:
    if call.opnum != _REQUEST:
        return [call.rpc_call()]
    event = CertificateRequest(**call.common(), requester=call.account)
    call.finish(event)
    authority: str | None = None
    if call.clear:
        authority = _asked(call, event)
    if call.answered and call.outcome == "success":
        event.request_id = call.response().u32()
    return [call.rpc_call(authority), event]


def _asked(call: Call, event: CertificateRequest) -> str | None:
    """Name of the authority; fills what the attributes say."""
    stub = call.request()
    stub.u32()  # dwFlags
    authority = stub.unique_text()
    stub.u32()  # pdwRequestId
    stub.align_structure()
    size = stub.u32()  # cb of pctbAttribs
    if not stub.pointer():
        return authority
    stub.size()
    text = stub.bytes_of(size, _ATTRIBUTES).decode("utf-16-le", "replace").partition("\0")[0]
    for line in text.splitlines()[:_LINES]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        if name == "certificatetemplate":
            event.template = value.strip()[:_LIMIT]
        elif name == "san" and value.strip():
            event.sans = [part for part in value.strip()[:_LIMIT].split("&") if part]
    return authority
