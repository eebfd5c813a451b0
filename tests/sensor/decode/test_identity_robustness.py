"""Hostile bytes: readers raise nothing but what the driver catches, in bounded time and memory.

Recorded conversations are cut, flipped, spliced and fed in pieces; a reader may raise Malformed,
IndexError, ValueError or struct.error for a message, and nothing for anything else it is asked.
"""

from __future__ import annotations

import time

import conversation
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor.decode import dhcp, dns, kerberos, kpasswd, ldap, nbns, netbios_dgm, radius

TO_SERVER = True
MODULES = {
    "kerberos": kerberos, "ldap": ldap, "cldap": ldap, "dns": dns, "kpasswd": kpasswd,
    "radius": radius, "dhcp": dhcp, "nbns": nbns, "netbios-dgm": netbios_dgm,
}  # fmt: skip
ALL = sorted(set(MODULES.values()), key=lambda module: module.__name__)
NAMES = sorted(
    path.stem for path in conversation.FOLDER.glob("*.hex") if path.stem.split("_")[0] in MODULES
)
SMALL = [name for name in NAMES if name != "ldap_paged"]
slow_data = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@st.composite
def damaged(draw):
    """A recorded conversation with a few bytes changed, a part cut out, or one doubled."""
    name = draw(st.sampled_from(SMALL))
    port, udp, messages = conversation.recorded(name)
    out = []
    for to_server, message in messages[:8]:
        raw = bytearray(message)
        for _ in range(draw(st.integers(0, 3))):
            raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
        if draw(st.booleans()) and len(raw) > 8:
            a = draw(st.integers(0, len(raw) - 1))
            b = draw(st.integers(a, len(raw)))
            raw = raw[:a] + raw[b:] if draw(st.booleans()) else raw[:b] + raw[a:]
        if raw:
            out.append((to_server, bytes(raw)))
    return MODULES[name.split("_")[0]], port, udp, out, draw(st.sampled_from([0, 1, 7, 100]))


@slow_data
@given(damaged())
def test_damaged_conversations(case):
    module, port, udp, messages, size = case
    ears = conversation.Ears()
    reader = module.reader(conversation.flow(port, udp), ears)
    for side in (True, False):
        reader.gap(1, side)
    conversation.feed(reader, messages, udp=udp, size=size)
    reader.gap(9_000_000, TO_SERVER)
    reader.close(9_000_001)
    assert len(ears.events) <= 6000


@given(
    st.sampled_from(ALL),
    st.booleans(),
    st.binary(max_size=300),
    st.integers(0, 40),
)
def test_any_bytes(module, to_server, raw, start):
    port = (module.PORTS_TCP or module.PORTS_UDP)[0]
    for udp in (True, False):
        reader = module.reader(conversation.flow(port, udp), conversation.Ears())
        if not udp:
            want, total = reader.frame(to_server, raw, min(start, len(raw)), len(raw))
            assert total >= -1
            assert 0 <= want <= max(total, 0)
            found = reader.resync(to_server, raw, min(start, len(raw)), len(raw))
            assert found == -1 or start <= found < len(raw)
        if raw:
            conversation.hear(reader, 1, to_server, raw)
        reader.close(2)


@pytest.mark.parametrize("name", NAMES)
def test_every_cut_of_the_first_messages(name):
    port, udp, messages = conversation.recorded(name)
    for to_server, message in messages[:2]:
        for end in range(1, len(message), max(1, len(message) // 400)):
            reader = MODULES[name.split("_")[0]].reader(
                conversation.flow(port, udp), conversation.Ears()
            )
            conversation.hear(reader, 1, to_server, message[:end])
            reader.close(2)


def zeros(n):
    return b"\0" * n


def nested(tag, n):
    """`n` elements, one in another, in four-byte lengths."""
    out = b""
    for _ in range(n):
        out = bytes([tag, 0x84]) + len(out).to_bytes(4, "big") + out
    return out


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize(
    "raw",
    [
        zeros(60_000),
        b"\x30" * 60_000,
        nested(0x30, 9000),
        nested(0xA0, 9000),
        b"\x60\x84" * 30_000,
        bytes(range(256)) * 240,
    ],
)
def test_time_is_bounded(module, raw):
    for udp in (True, False):
        port = (module.PORTS_TCP or module.PORTS_UDP)[0]
        reader = module.reader(conversation.flow(port, udp), conversation.Ears())
        begin = time.perf_counter()
        if udp:
            conversation.hear(reader, 1, TO_SERVER, raw)
        else:
            reader.frame(TO_SERVER, raw, 0, len(raw))
            reader.resync(TO_SERVER, raw, 0, len(raw))
        reader.close(2)
        assert time.perf_counter() - begin < 1.0
