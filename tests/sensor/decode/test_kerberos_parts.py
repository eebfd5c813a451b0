from __future__ import annotations

import hashlib

import der
import pytest

from sensor.contract import Malformed
from sensor.decode import kerberos_parts


def ticket(cipher, kvno=None, long=False):
    encrypted = [der.tlv(0xA0, der.integer(23)), der.tlv(0xA2, der.tlv(4, cipher, long=long))]
    if kvno is not None:
        encrypted.insert(1, der.tlv(0xA1, der.integer(kvno)))
    name = der.seq(
        der.tlv(0xA0, der.integer(2)),
        der.tlv(0xA1, der.seq(der.octets("cifs", 0x1B), der.octets("dc1", 0x1B))),
    )
    return der.tlv(
        0x61,
        der.seq(
            der.tlv(0xA0, der.integer(5)), der.tlv(0xA1, der.octets("CORP", 0x1B)), der.tlv(0xA2, name),
            der.tlv(0xA3, der.seq(*encrypted)),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("kvno", [None, 2, 0x00010003])
@pytest.mark.parametrize("long", [False, True])
def test_ticket_hash_is_of_the_cipher_whatever_stands_around_it(kvno, long):
    b = ticket(b"sealed", kvno, long)
    found = kerberos_parts.ticket(b, 0, len(b))
    assert found.hash == hashlib.sha256(b"sealed").digest()
    assert (found.size, found.etype, found.kvno) == (6, 23, kvno)
    assert (found.realm, found.service) == ("CORP", "cifs/dc1")


def test_ticket_without_cipher_part_is_malformed():
    b = der.tlv(0x61, der.seq(der.tlv(0xA1, der.octets("CORP", 0x1B))))
    with pytest.raises(Malformed, match="without enc-part"):
        kerberos_parts.ticket(b, 0, len(b))


def test_ap_req_shows_its_ticket():
    b = der.tlv(0x6E, der.seq(der.tlv(0xA0, der.integer(5)), der.tlv(0xA3, ticket(b"x"))))
    found = kerberos_parts.ap_req(b, 0, len(b))
    assert found is not None
    assert found.hash == hashlib.sha256(b"x").digest()


def test_error_code():
    b = der.tlv(0x7E, der.seq(der.tlv(0xA0, der.integer(5)), der.tlv(0xA6, der.integer(41))))
    assert kerberos_parts.error_code(b, 0, len(b)) == 41


@pytest.mark.parametrize(
    ("name", "realm", "kind", "account"),
    [
        ("alice", "CORP.TEST", 1, "alice@CORP.TEST"),
        ("alice@corp.test", "CORP.TEST", 10, "alice@corp.test"),
        ("alice", "CORP.TEST", 10, "alice@CORP.TEST"),
        ("host/ws9", "CORP.TEST", 1, "host/ws9@CORP.TEST"),
        ("WELLKNOWN/ANONYMOUS", "WELLKNOWN:ANONYMOUS", 11, None),
        ("", "CORP.TEST", 1, None),
        ("alice", "", 1, "alice"),
    ],
)
def test_raw_account(name, realm, kind, account):
    assert kerberos_parts.account_of(name, realm, kind) == account


@pytest.mark.parametrize(
    ("number", "word"), [(18, "aes256"), (23, "rc4_hmac"), (-133, "rc4_hmac_old"), (99, "etype_99")]
)
def test_etype_words(number, word):
    assert kerberos_parts.etype_word(number) == word
