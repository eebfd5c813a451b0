"""The front: from captured frames to segments and datagrams of ports worth looking at.

One loop over a block of frames. The common case (Ethernet or Linux cooked, IPv4 without options
or fragments, TCP or UDP) is read with one unpack; everything else takes the general road. Nothing
is allocated for a packet that the port tables refuse. Lengths are those of the IP header, so
Ethernet padding and trailers vanish. Checksums are not verified: captures on the sending host see
them before the network card fills them in. References: RFC 791, 8200, 9293, 768.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from sensor.wire import tunnels
from sensor.wire.binds import RPC_VERSION
from sensor.wire.build import COMPILED
from sensor.wire.fragments import Fragments
from sensor.wire.link import ETHERNET, LINUX_SLL, ip_header
from sensor.wire.ports import CARRIER, WANTED, WEIGHED

if TYPE_CHECKING:
    from mypy_extensions import i64

    from sensor.wire.bounds import Bounds
    from sensor.wire.connections import Connections
    from sensor.wire.context import WireContext
    from sensor.wire.conversations import Conversations
    from sensor.wire.health import Clock
    from sensor.wire.ports import Ports
    from sensor.wire.shed import Shed

TCP: Final = 6
UDP: Final = 17
_HOP_BY_HOP: Final = 0
_ROUTING: Final = 43
_FRAGMENT: Final = 44
_AUTHENTICATION: Final = 51
_DESTINATION: Final = 60
_EXTENSIONS: Final = frozenset({_HOP_BY_HOP, _ROUTING, _AUTHENTICATION, _DESTINATION})
_MAX_EXTENSIONS: Final = 16
_CONTROL: Final = 7  # FIN, SYN, RST


# ethertype, version and header length, total length, fragment field, protocol, ports, sequence
# and acknowledgement numbers, data offset, flags: from two bytes before an IPv4 header without options
_PLAIN: Final = struct.Struct(">HBxHxxHxBxx8xHHIIBB").unpack_from
_PLAIN_SIZE: Final = 2 + 20 + 14
_TCP_HEAD: Final = struct.Struct(">HHIIBB").unpack_from


class Front:
    """Reads frames and feeds connections and conversations.

    Counters (plain ints, for speed): `packets` of all kinds, `other` (no IP), `cut` (packets of
    ports looked at that the capture shortened) and `cut_bytes`, `bad` (the IP or transport header
    contradicts itself). `last` is the time of the last packet.
    """

    __slots__ = (
        "_clock", "_connections", "_context", "_conversations", "_depth", "_fragments", "_ports",
        "_shed", "bad", "cut", "cut_bytes", "last", "other", "packets",
    )  # fmt: skip

    def __init__(
        self,
        ports: Ports,
        connections: Connections,
        conversations: Conversations,
        shed: Shed,
        context: WireContext,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        self._shed = shed
        self._ports = ports
        self._connections = connections
        self._conversations = conversations
        self._context = context
        self._clock = clock
        self._fragments = Fragments(bounds)
        self._depth = 0
        ports.udp[tunnels.VXLAN_PORT] = CARRIER
        self.packets = 0
        self.last = 0
        self.other = 0
        self.bad = 0
        self.cut = 0
        self.cut_bytes = 0

    @property
    def fragments_lost(self) -> int:
        """Datagrams of which not all fragments came, or contradictory ones."""
        return self._fragments.lost

    def scan(
        self, b: bytes, linktype: int, times: list[int], starts: list[int], ends: list[int]
    ) -> None:
        """Frames b[starts[i]:ends[i]] with their times; lists of one length."""
        tcp_ports = self._ports.tcp
        udp_ports = self._ports.udp
        connections = self._connections
        conversations = self._conversations
        shed = self._shed
        clock = self._clock
        due = clock.due
        floor = clock.floor
        self.packets += len(times)
        lead: i64 = -1
        if linktype == ETHERNET:
            lead = 12
        elif linktype == LINUX_SLL:
            lead = 14
        plain_size: i64 = lead + _PLAIN_SIZE
        plain = _PLAIN
        compiled = COMPILED
        o: i64
        e: i64
        kind: i64
        version: i64
        total: i64
        fragment: i64
        protocol: i64
        sport: i64
        dport: i64
        seq: i64 = 0
        ack: i64 = 0
        words: i64 = 0
        flags: i64 = 0
        for ts, o, e in zip(times, starts, ends):  # noqa: B905 - compiled, makes no tuples like this
            if ts >= due or ts < floor:
                due = self._advance(ts)
                floor = clock.floor
            if lead >= 0 and e - o >= plain_size:
                k: i64 = o + lead  # the ethertype; the IP header follows it
                if compiled:  # single bytes cost nothing there, and one unpack costs least here
                    kind = b[k] << 8 | b[k + 1]
                    version = b[k + 2]
                    total = b[k + 4] << 8 | b[k + 5]
                    fragment = b[k + 8] << 8 | b[k + 9]
                    protocol = b[k + 11]
                    sport = b[k + 22] << 8 | b[k + 23]
                    dport = b[k + 24] << 8 | b[k + 25]
                    words = b[k + 34]
                    flags = b[k + 35]
                else:
                    (
                        kind, version, total, fragment, protocol, sport, dport, seq, ack, words, flags,
                    ) = plain(b, k)  # fmt: skip
                if kind == 0x0800 and version == 0x45 and not fragment & 0x3FFF:
                    end: i64 = k + 2 + total
                    if protocol == TCP:
                        p: i64 = k + 22 + (words >> 2 & 0x3C)
                        if p == end and not flags & _CONTROL and end <= e and words >= 0x50:
                            continue  # an acknowledgement and nothing else
                        if not (
                            tcp_ports[sport]
                            or tcp_ports[dport]
                            or (p < e and b[p] == RPC_VERSION and (p + 1 == e or b[p + 1] < 2))
                        ):
                            continue
                        if p <= end <= e and words >= 0x50:
                            if (
                                tcp_ports[sport] == WEIGHED or tcp_ports[dport] == WEIGHED
                            ) and shed.tcp(b[k + 14 : k + 26], b, p, end, sport, dport):
                                continue
                            if p < end or flags & _CONTROL:
                                if compiled:
                                    seq = (
                                        b[k + 26] << 24
                                        | b[k + 27] << 16
                                        | b[k + 28] << 8
                                        | b[k + 29]
                                    )
                                    ack = (
                                        b[k + 30] << 24
                                        | b[k + 31] << 16
                                        | b[k + 32] << 8
                                        | b[k + 33]
                                    )
                                connections.segment(
                                    ts, b[k + 14 : k + 26], b, p, end, seq, ack, flags, 0
                                )
                            continue
                    elif protocol == UDP:
                        port: i64 = udp_ports[dport] or udp_ports[sport]
                        if not port:
                            continue
                        if port == WEIGHED:
                            if shed.udp(sport, dport):
                                continue
                            port = WANTED
                        size: i64 = b[k + 26] << 8 | b[k + 27]
                        if port == WANTED and size >= 8 and k + 22 + size <= end <= e:
                            conversations.datagram(
                                ts, b[k + 14 : k + 26], b[k + 30 : k + 22 + size]
                            )
                            continue
                    elif protocol not in tunnels.CARRIERS:
                        continue
            self._general(ts, b, linktype, o, e)
        if times:
            self.last = times[-1]

    def close(self) -> None:
        """No more frames come."""
        lost = self._fragments.lost
        self._fragments.close()
        self._context.gaps += self._fragments.lost - lost

    def _advance(self, ts: int) -> int:
        lost = self._fragments.lost
        self._fragments.expire(ts)
        self._context.gaps += self._fragments.lost - lost
        return self._clock.advance(ts)

    def _general(self, ts: int, b: bytes, linktype: int, o: int, e: int) -> None:
        ip = ip_header(b, o, e, linktype)
        if ip < 0:
            self.other += 1
        elif b[ip] >> 4 == 4:
            self._ipv4(ts, b, ip, e)
        else:
            self._ipv6(ts, b, ip, e)

    def _ipv4(self, ts: int, b: bytes, o: int, e: int) -> None:
        head = (b[o] & 15) * 4
        if head < 20 or o + head > e:
            self.bad += 1
            return
        total = b[o + 2] << 8 | b[o + 3]
        if total == 0:
            total = e - o  # segmentation is left to the network card, which writes the length
        if total < head:
            self.bad += 1
            return
        protocol = b[o + 9]
        fragment = b[o + 6] << 8 | b[o + 7]
        end = o + total
        cut = end - e if end > e else 0
        at = o + head
        addresses = b[o + 12 : o + 20]
        if fragment & 0x3FFF:
            if cut:
                self._note_cut(cut)
                return
            key = addresses + b[o + 4 : o + 6] + b[o + 9 : o + 10]
            more = fragment & 0x2000 != 0
            done = self._fragments.add(
                key, ts, (fragment & 0x1FFF) * 8, more, protocol, b[at:end], discard_overlap=False
            )
            if done is not None:
                self._transport(ts, addresses, done[0], done[1], 0, len(done[1]), 0)
            return
        self._transport(ts, addresses, protocol, b, at, end - cut, cut)

    def _ipv6(self, ts: int, b: bytes, o: int, e: int) -> None:
        at = o + 40
        if at > e:
            self.bad += 1
            return
        size = b[o + 4] << 8 | b[o + 5]
        end = at + size if size else e
        cut = end - e if end > e else 0
        end -= cut
        protocol = b[o + 6]
        addresses = b[o + 8 : o + 40]
        for _ in range(_MAX_EXTENSIONS):
            if protocol in _EXTENSIONS:
                if at + 8 > end:
                    self.bad += 1
                    return
                length = (b[at + 1] + 2) * 4 if protocol == _AUTHENTICATION else (b[at + 1] + 1) * 8
                protocol = b[at]
                at += length
            elif protocol == _FRAGMENT:
                if at + 8 > end or cut:
                    self._note_cut(cut)
                    return
                fragment = b[at + 2] << 8 | b[at + 3]
                key = addresses + b[at + 4 : at + 8]
                if not fragment & 0xFFF9:
                    protocol = b[at]  # an atomic fragment stands for itself (RFC 6946)
                    at += 8
                    continue
                done = self._fragments.add(
                    key,
                    ts,
                    fragment & 0xFFF8,
                    fragment & 1 != 0,
                    b[at],
                    b[at + 8 : end],
                    discard_overlap=True,
                )
                if done is not None:
                    self._transport(ts, addresses, done[0], done[1], 0, len(done[1]), 0)
                return
            else:
                break
        if at > end:
            self.bad += 1
            return
        self._transport(ts, addresses, protocol, b, at, end, cut)

    def _transport(
        self, ts: int, addresses: bytes, protocol: int, b: bytes, o: int, e: int, cut: int
    ) -> None:
        if protocol == TCP:
            if e - o < 20:
                self._short(cut)
                return
            sport, dport, seq, ack, words, flags = _TCP_HEAD(b, o)
            p = o + (words >> 2 & 0x3C)
            tcp_ports = self._ports.tcp
            if words < 0x50 or p > e:
                self._short(cut)
                return
            if not (
                tcp_ports[sport]
                or tcp_ports[dport]
                or (p < e and b[p] == RPC_VERSION and (p + 1 == e or b[p + 1] < 2))
            ):
                return
            if cut:
                self.cut += 1
                self.cut_bytes += cut
            if p < e or cut or flags & _CONTROL:
                key = addresses + b[o : o + 4]
                if (tcp_ports[sport] == WEIGHED or tcp_ports[dport] == WEIGHED) and self._shed.tcp(
                    key, b, p, e, sport, dport
                ):
                    return
                self._connections.segment(ts, key, b, p, e, seq, ack, flags, cut)
        elif protocol == UDP:
            if e - o < 8:
                self._short(cut)
                return
            udp_ports = self._ports.udp
            sport = b[o] << 8 | b[o + 1]
            dport = b[o + 2] << 8 | b[o + 3]
            if dport == tunnels.VXLAN_PORT and udp_ports[sport] in (0, CARRIER):
                self._inner(ts, b, tunnels.inside_vxlan(b, o + 8, e), e)
                return
            if not (udp_ports[sport] or udp_ports[dport]):
                return
            if (udp_ports[sport] == WEIGHED or udp_ports[dport] == WEIGHED) and self._shed.udp(
                sport, dport
            ):
                return
            if cut:
                self._note_cut(cut)
                return
            size = b[o + 4] << 8 | b[o + 5]
            if size == 0:
                size = e - o
            if not 8 <= size <= e - o:
                self.bad += 1
                return
            self._conversations.datagram(ts, addresses + b[o : o + 4], b[o + 8 : o + size])
        elif protocol in tunnels.CARRIERS:
            self._inner(ts, b, tunnels.inside_ip(protocol, b, o, e), e)

    def _inner(self, ts: int, b: bytes, inner: tunnels.Inner, e: int) -> None:
        """A frame inside a tunnel takes the general road, to a bounded depth."""
        if inner[1] < 0 or self._depth == tunnels.DEEPEST:
            self._context.count("wire.tunnel_unread")
            return
        self._depth += 1
        self._general(ts, b, inner[0], inner[1], e)
        self._depth -= 1

    def _short(self, cut: int) -> None:
        if cut:
            self._note_cut(cut)
        else:
            self.bad += 1

    def _note_cut(self, cut: int) -> None:
        self._context.gaps += 1
        self.cut += 1
        self.cut_bytes += cut
