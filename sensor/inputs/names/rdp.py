"""The name in the certificate of Remote Desktop, TCP 3389 (MS-RDPBCGR §2.2.1.1, §5.4.5).

Windows makes itself a certificate for its own name. The connection ends after the TLS handshake;
nobody is asked for a logon. Hosts that offer nothing newer than TLS 1.1 do not answer.
"""

from __future__ import annotations

import asyncio
import ssl
from struct import unpack_from
from typing import Final

from sensor.contract import Malformed
from sensor.decode import ber

METHOD: Final = "probe_rdp"
PRIMARY: Final = True
PORT: Final = 3389

_REQUEST: Final = bytes.fromhex("03000013 0e e0 0000 0000 00 01 00 0800 03000000")
"""X.224 connection request that offers TLS and CredSSP."""
_CONFIRM: Final = 0xD0
_AGREED: Final = 2
_COMMON_NAME: Final = "2.5.4.3"


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the name is what is asked for
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def common_name(certificate: bytes) -> str | None:
    """The subject's common name of an X.509 certificate in DER (RFC 5280 §4.1)."""
    end = len(certificate)
    o, stop = ber.expect(certificate, 0, end, ber.SEQUENCE)
    o, stop = ber.expect(certificate, o, stop, ber.SEQUENCE)
    if certificate[o] == 0xA0:
        o = ber.header(certificate, o, stop)[1]
    for _ in range(4):  # serial number, algorithm, issuer, validity
        o = ber.header(certificate, o, stop)[1]
    o, stop = ber.expect(certificate, o, stop, ber.SEQUENCE)
    while o < stop:
        inner, o = ber.expect(certificate, o, stop, ber.SET)
        start, last = ber.expect(certificate, inner, o, ber.SEQUENCE)
        head, after = ber.expect(certificate, start, last, ber.OID)
        if ber.oid(certificate, head, after) == _COMMON_NAME:
            text = certificate[slice(*ber.header(certificate, after, last))]
            wide = certificate[after] == 0x1E
            return text.decode("utf-16-be" if wide else "utf-8", "replace")
    return None


def host_of(name: str | None) -> str | None:
    """A raw host, if a common name can be one: not `*.x`, not a person's."""
    if not name or not name.isascii() or not set(name.lower()) <= _HOST:
        return None
    return name if "." in name else f"name:{name}"


_HOST: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


async def ask(address: str, port: int = PORT) -> str | None:
    """See `Ask`."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(_REQUEST)
        head = await reader.readexactly(4)
        size = unpack_from(">H", head, 2)[0]
        if head[0] != 3 or not 11 <= size <= 512:
            raise Malformed("no RDP")
        answer = await reader.readexactly(size - 4)
        if answer[1] != _CONFIRM or size < 19 or answer[7] != _AGREED:
            raise Malformed("no TLS for RDP")
        await writer.start_tls(_context(), server_hostname=address)
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return host_of(common_name(certificate)) if certificate else None
    finally:
        writer.transport.abort()
