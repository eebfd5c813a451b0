"""Descriptors built by hand; those of a live domain were compared with Samba's own SDDL once."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.contract import Malformed
from sensor.decode.ldap_attributes import value_text
from sensor.decode.security_descriptor import sddl

SYNC = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"


def sid(text):
    parts = [int(p) for p in text.split("-")[2:]]
    head = bytes([1, len(parts) - 1]) + parts[0].to_bytes(6, "big")
    return head + struct.pack(f"<{len(parts) - 1}I", *parts[1:])


def guid(text):
    a, b, c, d, e = text.split("-")
    return struct.pack("<IHH", int(a, 16), int(b, 16), int(c, 16)) + bytes.fromhex(d + e)


def ace(kind, flags, mask, who, *objects):
    body = struct.pack("<I", mask)
    if objects:
        present = sum(1 << i for i, o in enumerate(objects) if o)
        body += struct.pack("<I", present) + b"".join(guid(o) for o in objects if o)
    body += sid(who)
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def acl(*entries):
    body = b"".join(entries)
    return struct.pack("<BBHHH", 4, 0, 8 + len(body), len(entries), 0) + body


def descriptor(owner=None, group=None, dacl=None, sacl=None, control=0x8000):
    parts, offsets = b"", []
    for part in (owner and sid(owner), group and sid(group), sacl, dacl):
        offsets.append(20 + len(parts) if part else 0)
        parts += part or b""
    control |= 4 * (dacl is not None) | 16 * (sacl is not None)
    return struct.pack("<BBHIIII", 1, 0, control, *offsets) + parts


ADMIN = "S-1-5-21-1-2-3-512"
CASES = [
    (descriptor(), ""),
    (descriptor("S-1-5-18", ADMIN), f"O:SYG:{ADMIN}"),
    (descriptor(ADMIN, dacl=acl()), f"O:{ADMIN}D:"),
    (descriptor(dacl=b""), "D:NO_ACCESS_CONTROL"),
    (
        descriptor("S-1-5-32-544", dacl=acl(ace(0, 0, 0xF01FF, "S-1-5-21-1-2-3-1105"))),
        "O:BAD:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;S-1-5-21-1-2-3-1105)",
    ),
    (
        descriptor(dacl=acl(ace(5, 0, 0x100, "S-1-5-21-1-2-3-1105", SYNC))),
        f"D:(OA;;CR;{SYNC};;S-1-5-21-1-2-3-1105)",
    ),
    (
        descriptor(dacl=acl(ace(6, 0x1A, 0x10, "S-1-1-0", None, SYNC)), control=0x9400),
        f"D:PAI(OD;CIIOID;RP;;{SYNC};WD)",
    ),
    (
        descriptor(sacl=acl(ace(2, 0xC3, 0x10000020, "S-1-1-0")), control=0xA800),
        "S:PAI(AU;OICISAFA;WPGA;;;WD)",
    ),
    (descriptor(dacl=acl(ace(0x42, 0, 0x200, "S-1-5-11"))), "D:(0x42;;0x200;;;AU)"),
]


@pytest.mark.parametrize(("raw", "text"), CASES, ids=[c[1][:40] for c in CASES])
def test_text(raw, text):
    assert sddl(b"!!" + raw + b"!!", 2, 2 + len(raw), 4096) == text


@pytest.mark.parametrize("attribute", ["nTSecurityDescriptor", "msDS-AllowedToActOnBehalfOfOtherIdentity"])  # fmt: skip
def test_values_of_attributes(attribute):
    raw, text = CASES[4]
    assert value_text(attribute, raw, 0, len(raw)) == text
    assert value_text(attribute, b"\1\0\4\x84", 0, 4) == "01000484"


def test_only_whole_entries_within_the_room():
    entry = ace(0, 0, 0x10, ADMIN)
    raw = descriptor(dacl=acl(*[entry] * 300))
    text = sddl(raw, 0, len(raw), 1000)
    assert 900 < len(text) <= 1002
    assert text.endswith(f"(A;;RP;;;{ADMIN})")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\2" + bytes(40),
        descriptor(ADMIN)[:-1],
        descriptor(dacl=acl(ace(0, 0, 1, ADMIN)))[:-1],
        descriptor(dacl=acl(struct.pack("<BBH", 0, 0, 4))),
        descriptor(dacl=acl(struct.pack("<BBHII", 5, 0, 12, 1, 3))),
        struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 4000),
    ],
)
def test_refusals(raw):
    with pytest.raises(Malformed):
        sddl(raw, 0, len(raw), 4096)


@settings(deadline=None)
@given(st.data())
def test_damaged(data):
    raw = bytearray(data.draw(st.sampled_from(CASES))[0])
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed, IndexError):
        sddl(bytes(raw), 0, len(raw), 4096)
