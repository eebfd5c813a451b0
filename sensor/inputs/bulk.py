"""Which frames the kernel need not hand over: what nobody would read.

Bare acknowledgements, datagrams of ports that no decoder claims, and the segments of services that
carry no identity protocol. DCE/RPC lives on any TCP port, so there the filter names what is
certainly bulk and lets everything else pass: fragments, tunnels, tagged frames, IP options, IPv6
with extension headers, unknown ports. Nor may a bulk port be a hiding place for a client that
chooses it as its own: what goes to a port that is wanted passes, and so do the short segments and
those that may begin a DCE/RPC PDU, from which such ports are learnt. Ports that a decoder claims are
never bulk.

Under overload the filter is strict: unknown ports are bulk, too, whatever the size. What it rejects
then nobody would read either, except where a port has only just been learnt: packets that the kernel
saw before the filter knew it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.inputs.bpf import Instruction, Program
from sensor.wire.link import ETHERNET

if TYPE_CHECKING:
    from collections.abc import Collection

# ssh, web and its proxies, rsync, VMware, SQL Server, Oracle, NFS, iSCSI, MySQL, remote desktop,
# PostgreSQL, Hyper-V migration, Windows Update, printing
BULK_TCP: Final = frozenset(
    {22, 80, 443, 873, 902, 1433, 1521, 2049, 3260, 3306, 3389, 5432, 6600, 8080, 8443, 8530, 8531, 9100}
)  # fmt: skip
TUNNELS: Final = frozenset({4789})
"""Mirrored traffic comes in VXLAN (RFC 7348)."""
SHORT: Final = 256
"""An IP packet below this is no bulk."""

_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_TCP: Final = 6
_UDP: Final = 17
_RPC_VERSION: Final = 5
_CONTROL: Final = 7  # FIN, SYN, RST
_OTHER: Final = 0  # scratch cell: the port at the other side of a bulk port
_HEADERS: Final = 1  # scratch cell: bytes of the headers
_ROOM: Final = 1_000  # wanted ports that a program may list; each is two instructions


def bulk_filter(
    linktype: int, tcp: Collection[int], udp: Collection[int], *, strict: bool = False
) -> list[Instruction]:
    """The program for frames of this link (Ethernet, else raw IP); `tcp` and `udp` are the ports
    that are wanted. Empty if those are too many: then nothing is filtered.
    """
    wanted = frozenset(tcp)
    bulk = BULK_TCP - wanted
    if len(wanted) > _ROOM:
        return []
    p = Program()
    if linktype == ETHERNET:
        ip = 14
        p.load_half(12)
        p.equal(_IPV4, yes="ipv4")
        p.equal(_IPV6, yes="ipv6")
    else:
        ip = 0
        p.load_byte(0)
        p.shifted(0xF0, 4)
        p.equal(4, yes="ipv4")
        p.equal(6, yes="ipv6")
    p.label("other")
    p.accept()

    p.label("ipv4")
    p.load_half(ip + 6)
    p.any_bit(0x3FFF, yes="fragment")
    p.index_header(ip)
    p.load_byte(ip + 9)
    p.equal(_UDP, yes="udp")
    p.equal(_TCP, no="fragment")
    _headers(p, ip, "data4")
    p.load_half(ip + 2)
    p.equal_index(yes="bare")
    p.label("data4")
    p.index_header(ip)
    p.load_half(ip + 2)
    p.at_least(0 if strict else SHORT, yes="tcp")
    p.label("fragment")
    p.accept()

    p.label("ipv6")
    p.index(40)
    p.load_byte(ip + 6)
    p.equal(_UDP, yes="udp")
    p.equal(_TCP, no="extended")
    _headers(p, ip, "data6")
    p.load_half(ip + 4)
    p.add(40)
    p.equal_index(yes="bare")
    p.label("data6")
    p.index(40)
    p.load_half(ip + 4)
    p.at_least(0 if strict else SHORT - 40, yes="tcp")
    p.label("extended")
    p.accept()

    p.label("bare")
    p.reject()

    p.label("udp")
    for at in (ip, ip + 2):
        p.load_half(at, indexed=True)
        p.one_of(frozenset(udp) | TUNNELS, "wanted")
    p.reject()

    p.label("tcp")
    if strict:
        p.load_half(ip + 2, indexed=True)
        p.one_of(wanted, "wanted")
        p.load_half(ip, indexed=True)
    else:
        _bulk_port(p, ip, bulk, "look")
        p.label("look")
        p.recall(_OTHER)
    p.one_of(wanted, "wanted")
    p.load_byte(ip + 12, indexed=True)
    p.shifted(0xF0, 2)
    p.add_to_index()
    p.load_byte(ip, indexed=True)
    p.equal(_RPC_VERSION, yes="wanted")
    p.reject()
    p.label("wanted")
    p.accept()
    return p.assemble()


def _headers(p: Program, ip: int, data: str) -> None:
    """X = bytes of the IP header, which it holds, and of the TCP header behind it; or go to `data`
    if the segment opens or ends a connection.
    """
    p.load_byte(ip + 13, indexed=True)
    p.any_bit(_CONTROL, yes=data)
    p.load_byte(ip + 12, indexed=True)
    p.shifted(0xF0, 2)
    p.add_index()
    p.store(_HEADERS)
    p.index_cell(_HEADERS)


def _bulk_port(p: Program, ip: int, ports: frozenset[int], look: str) -> None:
    """Go on at `look` with the other side's port kept, or pass; X is the IP header's length."""
    p.load_half(ip + 2, indexed=True)
    p.store(_OTHER)
    p.load_half(ip, indexed=True)
    p.one_of(ports, look)
    p.store(_OTHER)
    p.load_half(ip + 2, indexed=True)
    p.one_of(ports, look)
    p.accept()
