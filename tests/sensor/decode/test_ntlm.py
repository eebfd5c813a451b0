from __future__ import annotations

import ntlmssp
import pytest
from ntlmssp import ESS, UNICODE, V10, av

from sensor.contract import Malformed
from sensor.decode import ntlm


def read(message):
    return ntlm.authenticate(message, 0, len(message))


@pytest.mark.parametrize(
    ("lm", "nt", "flags", "response"),
    [
        (bytes(24), ntlmssp.v2(), UNICODE, "v2"),
        (b"\x11" * 24, b"\x22" * 24, UNICODE, "v1"),
        (b"\x11" * 8 + bytes(16), b"\x22" * 24, UNICODE | ESS, "v1_ess"),
        (b"\x11" * 24, b"\x22" * 24, UNICODE | ESS, "v1"),
        (b"\x11" * 24, b"", UNICODE, "lm"),
        (b"\0", b"", UNICODE, None),
    ],
)
def test_response_forms(lm, nt, flags, response):
    assert read(ntlmssp.authenticate(lm=lm, nt=nt, flags=flags)).response == response


@pytest.mark.parametrize(
    ("user", "domain", "account"),
    [
        ("alice", "CORP", "CORP\\alice"),
        ("alice@corp.test", "", "alice@corp.test"),
        ("", "", None),
        ("jürgen", "CORP", "CORP\\jürgen"),
    ],
)
def test_accounts(user, domain, account):
    found = read(ntlmssp.authenticate(user, domain))
    assert (found.account, found.workstation) == (account, "WS9")


def test_oem_names():
    assert read(ntlmssp.authenticate("bob", "CORP", flags=2)).account == "CORP\\bob"


@pytest.mark.parametrize(
    ("mic", "version", "expected", "shown"),
    [
        (None, b"", "absent", None),
        (None, V10, "absent", "10.0.19041"),
        (bytes(16), V10, "zero", "10.0.19041"),
        (b"\x01" * 16, V10, "present", "10.0.19041"),
        (b"\x01" * 16, b"", "present", None),
    ],
)
def test_mic_and_version(mic, version, expected, shown):
    found = read(ntlmssp.authenticate(mic=mic, version=version))
    assert (found.mic, found.version) == (expected, shown)


def test_av_pairs():
    target = "cifs/dc1".encode("utf-16-le")
    found = read(
        ntlmssp.authenticate(nt=ntlmssp.v2(av(2, b"C\0"), av(6, b"\2\0\0\0"), av(9, target)))
    )
    assert found.av_order == [2, 6, 9]
    assert ntlm.av_flags_words(found.av_flags) == ["mic_provided"]
    assert found.target_name == "cifs/dc1"


def test_av_pairs_without_end_keep_what_was_read():
    nt = bytes(44) + av(2, b"C\0") + b"\7\0\xff\xff"
    assert read(ntlmssp.authenticate(nt=nt)).av_order == [2]


def test_flags_words_are_of_the_schema():
    assert ntlm.flags_words(0xE2088297)[:5] == [
        "unicode",
        "oem",
        "request_target",
        "sign",
        "lm_key",
    ]


def test_negotiate():
    message = ntlmssp.negotiate(version=V10)
    found = ntlm.negotiate(message, 0, len(message))
    assert (found.flags & SIGN_BIT, found.version) == (SIGN_BIT, "10.0.19041")


SIGN_BIT = 0x10


@pytest.mark.parametrize("raw", [b"", b"NTLMSSP\0", b"NTLMSSX\0\1\0\0\0"])
def test_other_bytes_are_no_message(raw):
    with pytest.raises(Malformed, match="no NTLMSSP"):
        ntlm.message_type(raw, 0, len(raw))


def test_payload_outside_is_malformed():
    message = ntlmssp.authenticate()
    for end in range(52, len(message)):
        with pytest.raises(Malformed):
            ntlm.authenticate(message, 0, end)


@pytest.mark.parametrize("read_one", [ntlm.negotiate, ntlm.challenge_flags, ntlm.authenticate])
def test_cut_messages(read_one):
    message = b"NTLMSSP\0\1\0\0\0"
    with pytest.raises(Malformed, match="cut"):
        read_one(message, 0, len(message))
