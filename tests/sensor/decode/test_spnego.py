from __future__ import annotations

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import spnego

NTLM, KRB5, MS_KRB5 = "1.3.6.1.4.1.311.2.2.10", "1.2.840.113554.1.2.2", "1.2.840.48018.1.2.2"
NEGOEX = "1.3.6.1.4.1.311.2.2.30"


def init(mechanisms, token=None):
    fields = [der.tlv(0xA0, der.seq(*map(der.oid, mechanisms)))]
    if token is not None:
        fields.append(der.tlv(0xA2, der.octets(token)))
    return der.tlv(0xA0, der.seq(*fields))


def framed(name, inside):
    return der.tlv(0x60, der.oid(name), inside)


def resp(state=None, mechanism=None, token=None):
    fields = []
    if state is not None:
        fields.append(der.tlv(0xA0, der.integer(state, 10)))
    if mechanism:
        fields.append(der.tlv(0xA1, der.oid(mechanism)))
    if token is not None:
        fields.append(der.tlv(0xA2, der.octets(token)))
    return der.tlv(0xA1, der.seq(*fields))


@pytest.mark.parametrize(
    ("raw", "mechanism", "state", "inside"),
    [
        (framed(spnego.SPNEGO, init([NTLM], b"tok")), "ntlm", None, b"tok"),
        (framed(spnego.SPNEGO, init([MS_KRB5, KRB5, NTLM], b"tok")), "kerberos", None, b"tok"),
        (framed(spnego.SPNEGO, init([NEGOEX, NTLM])), "negoex", None, b""),
        (init([NTLM], b"tok"), "ntlm", None, b"tok"),
        (init([]), None, None, b""),
        (framed(KRB5, b"\1\0rest"), "kerberos", None, b"\1\0rest"),
        (framed("1.2.3.4", b"rest"), "1.2.3.4", None, b"rest"),
        (resp(1, NTLM, b"tok"), "ntlm", 1, b"tok"),
        (resp(0), None, 0, b""),
        (resp(token=b"tok"), None, None, b"tok"),
    ],
)
def test_tokens(raw, mechanism, state, inside):
    found = spnego.token(b"xx" + raw + b"yy", 2, 2 + len(raw))
    assert (found.mechanism, found.state) == (mechanism, state)
    assert (b"xx" + raw)[found.start : found.stop] == inside
    assert spnego.is_spnego(raw, 0, len(raw))


def test_truncations():
    raw = framed(spnego.SPNEGO, init([KRB5, NTLM], b"token"))
    for end in range(1, len(raw)):
        with pytest.raises(Malformed):
            spnego.token(raw, 0, end)
