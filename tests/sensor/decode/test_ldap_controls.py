from __future__ import annotations

import der
import pytest

from sensor.contract import Malformed
from sensor.decode.ldap_controls import NONE, controls


def control(identifier, *, critical=None, value=None):
    parts = [der.octets(identifier)]
    if critical is not None:
        parts.append(der.tlv(1, b"\xff" if critical else b"\0"))
    if value is not None:
        parts.append(der.octets(value))
    return der.seq(*parts)


def read(*sent):
    raw = der.tlv(0xA0, *sent)
    found = controls(b"!" + raw + b"!", 1, 1 + len(raw))
    return found.names, found.cookie


FLAGS = der.seq(der.integer(7))
DIRSYNC = der.seq(der.integer(1), der.integer(0), der.octets(b"state"))


@pytest.mark.parametrize(
    ("sent", "names", "cookie"),
    [
        ([control("1.2.840.113556.1.4.841", critical=True, value=DIRSYNC)], ["dirsync"], b""),
        ([control("1.2.840.113556.1.4.801", value=FLAGS)], ["sd_flags"], b""),
        ([control("1.2.840.113556.1.4.417"), control("1.2.840.113556.1.4.2064")], ["show_deleted", "show_recycled"], b""),
        ([control("1.2.840.113556.1.4.528", critical=True)], ["notification"], b""),
        ([control("1.2.3.4"), control("1.2.3.4")], ["1.2.3.4"], b""),
        ([der.paged(b"c"), control("1.2.840.113556.1.4.529")], ["paged", "extended_dn"], b"c"),
        ([control("1.2.840.113556.1.4.319", critical=True, value=der.seq(der.integer(5), der.octets(b"d")))], ["paged"], b"d"),
        ([control("1.2.840.113556.1.4.319")], ["paged"], b""),
        ([], [], b""),
    ],
)  # fmt: skip
def test_names_and_cookie(sent, names, cookie):
    assert read(*sent) == (names, cookie)


def test_no_controls():
    assert controls(b"", 0, 0) is NONE
    assert controls(b"\x30\x00", 0, 2) is NONE


def test_number_and_length_are_bounded():
    names, _ = read(*[control(f"1.2.{i}") for i in range(100)])
    assert len(names) == 32
    names, _ = read(control("1." * 5000))
    assert len(names[0]) == 128


@pytest.mark.parametrize("raw", [b"\xa0\x05\x30", b"\xa0\x02\x04\x00", b"\xa0\x04\x30\x02\x02\x00"])
def test_refusals(raw):
    with pytest.raises(Malformed):
        controls(raw, 0, len(raw))
