from __future__ import annotations

import der
import pytest

from sensor.decode import kerberos_reply


def pa(kind, value):
    return der.seq(der.tlv(0xA1, der.integer(kind)), der.tlv(0xA2, der.octets(value)))


@pytest.mark.parametrize("kind", [11, 19])
def test_offered_etypes(kind):
    info = der.seq(
        *[
            der.seq(der.tlv(0xA0, der.integer(n)), der.tlv(0xA1, der.octets("salt")))
            for n in (18, 17, 23)
        ]
    )
    error = der.tlv(
        0x7E,
        der.seq(
            der.tlv(0xA6, der.integer(25)),
            der.tlv(0xAC, der.octets(der.seq(pa(2, b""), pa(kind, info)))),
        ),
    )
    found = kerberos_reply.failure(error, 0, len(error))
    assert (found.code, found.offered) == (25, [18, 17, 23])


@pytest.mark.parametrize("data", [b"", b"junk", b"\x30\x80", b"\x30\x02\xa1\x00", bytes(12)])
def test_error_data_of_another_form_is_passed_over(data):
    error = der.tlv(0x7E, der.seq(der.tlv(0xA6, der.integer(60)), der.tlv(0xAC, der.octets(data))))
    found = kerberos_reply.failure(error, 0, len(error))
    assert (found.code, found.offered, found.status) == (60, None, None)
