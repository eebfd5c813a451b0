"""Security descriptors as text: who may take an object over."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.posture.rights import ALL, CONTROL, ENROLL, descriptor
from sensor.inputs.directory.values import described

DOMAIN = "S-1-5-21-1-2-3"
USER = f"{DOMAIN}-1105"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"O:{USER}G:DUD:(A;;GA;;;BA)", (USER, [("S-1-5-32-544", "full control")])),
        ("O:DAG:DDD:PAI(A;;WD;;;DU)", (f"{DOMAIN}-512", [(f"{DOMAIN}-513", "write DACL")])),
        ("D:AI(A;OICIID;WO;;;AU)", (None, [("S-1-5-11", "write owner")])),
        ("D:(A;;GW;;;AU)", (None, [("S-1-5-11", "write all")])),
        ("D:(A;;WP;;;AU)", (None, [("S-1-5-11", "write all properties")])),
        ("D:(A;;CR;;;AU)", (None, [("S-1-5-11", "all extended rights")])),
        ("D:(A;CIIO;GA;;;AU)(A;;GA;;;PS)(A;;GA;;;CO)", (None, [])),
        ("D:(OA;;SW;f3a64788-5306-11d1-a9c5-0000f80367c1;;AU)", (None, [])),
        ("D:(OA;;WP;f3a64788-5306-11d1-a9c5-0000f80367c1;;AU)", (None, [("S-1-5-11", "write servicePrincipalName")])),
        ("D:(A;;RPLC;;;AU)S:AI(AU;SA;GA;;;WD)", (None, [])),
        ("D:(D;;WD;;;AU)(A;;WDRP;;;AU)", (None, [])),
        ("D:(A;;WD;;;AU)(D;;WD;;;AU)", (None, [("S-1-5-11", "write DACL")])),
        ("D:(D;;WD;;;BU)(A;;WD;;;AU)", (None, [("S-1-5-11", "write DACL")])),
        ('D:(XA;;GA;;;AU;(@User.a == "b"))', (None, [("S-1-5-11", "full control")])),
        ("D:(A;;0x40000;;;AU)", (None, [("S-1-5-11", "write DACL")])),
        ("D:NO_ACCESS_CONTROL", (None, [])),
        ("", (None, [])),
        ("0100", (None, [])),
    ],
)  # fmt: skip
def test_taking(text, expected):
    found = descriptor(text, DOMAIN)
    assert (found.owner, list(found.taking())) == expected


def test_a_right_is_allowed_alone_or_with_all():
    one, every = descriptor(f"D:(OA;;CR;{ENROLL};;AU)(A;;CR;;;BU)").grants
    assert one.allows(CONTROL, ENROLL)
    assert not one.allows(CONTROL, "x")
    assert every.allows(CONTROL, ENROLL)
    assert not every.allows(ALL)


def test_bytes_are_read_as_text_is():
    sid = struct.pack("<BB6s5I", 1, 5, b"\0\0\0\0\0\5", 21, 1, 2, 3, 1105)
    entry = struct.pack("<BBHI", 0, 0, 8 + len(sid), 0x40000) + sid
    listed = struct.pack("<BBHHH", 4, 0, 8 + len(entry), 1, 0) + entry
    raw = struct.pack("<BBHIIII", 1, 0, 0x8004, 20, 0, 0, 20 + len(sid)) + sid + listed
    found = descriptor(described(raw))
    assert found.owner == USER
    assert list(found.taking()) == [(USER, "write DACL")]


@given(st.text(alphabet="DOGS:(A;)0x1-5WPRC", max_size=200) | st.binary(max_size=200))
def test_nothing_that_comes_ends_it(value):
    text = described(value) if isinstance(value, bytes) else value
    for sid, word in descriptor(text).taking():
        assert word
        assert isinstance(sid, str)
