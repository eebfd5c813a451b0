"""What is left unread when packets come faster than they can be read, least valuable first.

Level 1: answers of name services, 2: name services, 3: TCP connections that have carried a megabyte
since the overload began (copied files, web), 4: SMB apart from the setting up of sessions,
5: LDAP apart from binds. Kerberos, DCE/RPC with its learnt ports (replication, SAMR, Netlogon),
authentication inside SMB and LDAP, and whatever is not named here is never shed. So what
the kernel would drop at random is dropped by choice, and counted by protocol.

The front asks only about ports that are marked in its tables (`ports.WEIGHED`): without overload
it costs nothing, and packets of other ports cost nothing under it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sensor.wire.ports import Ports
    from sensor.wire.protocols import WireProtocol

ANSWERS: Final = 1
NAMES: Final = 2
LARGE: Final = 3
FILES: Final = 4
DIRECTORY: Final = 5
_NAME_SERVICES: Final = frozenset({"dns", "llmnr", "mdns", "nbns"})
_KEPT: Final = frozenset({"kerberos", "dcerpc"})
_LARGE_BYTES: Final = 1 << 20
_FLOWS: Final = 65_536


class Shed:
    """Says which packets are left unread. `level` says how much; `lost` counts packets by protocol
    since it was last emptied, `total` all of them.
    """

    __slots__ = (
        "_carried",
        "_names",
        "_ports",
        "_tcp",
        "_udp",
        "_wanted",
        "flows",
        "level",
        "lost",
        "total",
    )

    def __init__(self, protocols: tuple[WireProtocol, ...], ports: Ports) -> None:
        self._ports = ports
        self._names: list[str] = [""]
        self._tcp = bytearray(65_536)
        self._udp = bytearray(65_536)
        for protocol in protocols:
            if protocol.name in _KEPT:
                continue
            self._names.append(protocol.name)
            number = len(self._names) - 1
            for port in protocol.tcp:
                self._tcp[port] = number
            if protocol.name in _NAME_SERVICES:
                for port in protocol.udp:
                    self._udp[port] = number
        self._carried: dict[bytes, int] = {}  # bytes of a direction since the overload began
        self._wanted: dict[bytes, int] = {}  # bytes to come of a message that is kept
        self.flows = _FLOWS
        """Most connections that are remembered."""
        self.level = 0
        self.lost: dict[str, int] = {}
        self.total: dict[str, int] = {}

    def set_level(self, level: int) -> None:
        """From the next packet on."""
        if level == 0:
            self._carried.clear()
            self._wanted.clear()
        self.level = level
        self._ports.weigh(
            [port for port in range(65_536) if self._tcp[port]] if level >= LARGE else [],
            [port for port in range(65_536) if self._udp[port]] if level >= ANSWERS else [],
        )

    def udp(self, sport: int, dport: int) -> bool:
        """Whether a datagram between these ports is left unread; if so, it is counted."""
        return self._counted(self._udp_shed(sport, dport))

    def tcp(self, key: bytes, b: bytes, p: int, end: int, sport: int, dport: int) -> bool:
        """Whether a segment with payload b[p:end] is left unread; `key`: its addresses and ports."""
        return self._counted(self._tcp_shed(key, b, p, end, sport, dport))

    def _counted(self, number: int) -> bool:
        if number == 0:
            return False
        name = self._names[number]
        self.lost[name] = self.lost.get(name, 0) + 1
        self.total[name] = self.total.get(name, 0) + 1
        return True

    def _udp_shed(self, sport: int, dport: int) -> int:
        """The number of the protocol if a datagram is shed, else 0."""
        udp = self._udp
        wanted = self._ports.udp
        if self.level >= ANSWERS and udp[sport] and not (wanted[dport] and not udp[dport]):
            return udp[sport]
        if self.level >= NAMES and udp[dport] and not (wanted[sport] and not udp[sport]):
            return udp[dport]
        return 0

    def _tcp_shed(self, key: bytes, b: bytes, p: int, end: int, sport: int, dport: int) -> int:
        """The number of the protocol if a segment is shed, else 0. Both ports are asked: a client
        that chooses a bulk port for itself does not hide what it sends to another one.
        """
        tcp = self._tcp
        wanted = self._ports.tcp
        if tcp[dport]:
            number = tcp[dport]
            other = sport
        else:
            number = tcp[sport]
            other = dport
        if number == 0 or (wanted[other] and not tcp[other]):
            return 0
        size = end - p
        if size <= 0:
            return 0  # openings and endings are cheap, and keep the table of connections true
        carried = self._carried
        before = carried.get(key, 0)
        if before == 0 and len(carried) >= self.flows:
            carried.clear()
        carried[key] = before + size
        if before > _LARGE_BYTES:
            return number
        name = self._names[number]
        if name == "smb" and self.level >= FILES:
            return 0 if self._belongs(key, size, session_length(b, p, end)) else number
        if name == "ldap" and self.level >= DIRECTORY:
            return 0 if self._belongs(key, size, bind_length(b, p, end)) else number
        return 0

    def _belongs(self, key: bytes, size: int, length: int) -> bool:
        """Whether a segment begins a message that is kept (`length` > 0) or goes on with one."""
        wanted = self._wanted
        left = length or wanted.get(key, 0)
        if left <= 0:
            return False
        if left > size and (key in wanted or len(wanted) < self.flows):
            wanted[key] = left - size
        else:
            wanted.pop(key, None)
        return True


def session_length(b: bytes, p: int, e: int) -> int:
    """Bytes of the SMB message that begins at `p`, if it negotiates or sets up a session, connects
    a tree or ends one of them; else 0 (MS-SMB2 §2.2.1, MS-CIFS §2.2.3.1).
    """
    if p + 18 > e or b[p] or b[p + 5 : p + 8] != b"SMB":
        return 0
    if b[p + 4] == 0xFE:
        kept = b[p + 16] <= 4 and b[p + 17] == 0
    else:
        kept = b[p + 4] == 0xFF and 0x70 <= b[p + 8] <= 0x75
    return 4 + (b[p + 1] << 16 | b[p + 2] << 8 | b[p + 3]) if kept else 0


def bind_length(b: bytes, p: int, e: int) -> int:
    """Bytes of the LDAP message that begins at `p` if it is a bind or the answer to one; else 0
    (RFC 4511 §4.2).
    """
    if p + 8 > e or b[p] != 0x30:
        return 0
    length = b[p + 1]
    at = p + 2
    if length > 0x80:
        count = length & 0x7F
        if count > 4 or at + count + 8 > e:
            return 0
        length = 0
        for i in range(count):
            length = length << 8 | b[at + i]
        at += count
    end = at + length
    if b[at] != 2:
        return 0
    operation = at + 2 + b[at + 1]
    return end - p if operation < e and b[operation] in (0x60, 0x61) else 0
