"""NetBIOS name service: who says it has which name, as `host_binding` (RFC 1002 §4.2, MS-NBTE).

Registrations and refreshes of a machine's own address, releases, answers to name queries and to
node status requests. Nothing proves any of these names. Gives no event of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import DatagramReader, Malformed
from sensor.decode import netbios_name

if TYPE_CHECKING:
    from sensor.contract import Context, Flow, Reader
    from sensor.decode.netbios_name import NetbiosName

PORTS_TCP: Final = ()
PORTS_UDP: Final = (137,)

METHOD: Final = "netbios"
_HEAD: Final = 12
_RESPONSE: Final = 0x8000
_QUERY: Final = 0
_CLAIMS: Final = frozenset({5, 8, 9, 15})
"""Registration, refresh (both numbers in use), multi-homed registration."""
_RELEASE: Final = 6
_NB: Final = 0x20
_NBSTAT: Final = 0x21
_GROUP: Final = 0x8000
_ENTRY: Final = 6
_STATUS_ENTRY: Final = 18
_ADDRESSES: Final = 16


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a name service or with a broadcast address."""
    return NameService(flow, context)


class NameService(DatagramReader):
    """Messages of one conversation; each stands for itself."""

    __slots__ = ()

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one message."""
        if e - o < _HEAD:
            raise Malformed(f"message of {e - o} bytes at {o}")
        flags = b[o + 2] << 8 | b[o + 3]
        opcode = flags >> 11 & 15
        questions = b[o + 4] << 8 | b[o + 5]
        answers = b[o + 6] << 8 | b[o + 7]
        additional = b[o + 10] << 8 | b[o + 11]
        sender = self._flow.client if to_server else self._flow.server
        if flags & _RESPONSE:
            if opcode == _QUERY and not flags & 15 and answers and not questions:
                self._answer(ts, sender, b, o + _HEAD, e)
        elif questions == 1 and additional == 1 and (opcode in _CLAIMS or opcode == _RELEASE):
            asked = netbios_name.name(b, o + _HEAD, e)
            start, stop, kind = _record(b, netbios_name.after(b, asked.stop + 4, e), e)
            if kind == _NB:
                until = ts if opcode == _RELEASE else None
                self._addresses(ts, asked, b, start, stop, sender, until)

    def _answer(self, ts: int, sender: str, b: bytes, o: int, e: int) -> None:
        named = netbios_name.name(b, o, e)
        start, stop, kind = _record(b, named.stop, e)
        if kind == _NB:
            self._addresses(ts, named, b, start, stop, None, None)
        elif kind == _NBSTAT and start < stop:
            host = _own_name(b, start, stop)
            if host is not None:
                self._context.host_seen(ts, self._flow, METHOD, sender, host, METHOD)

    def _addresses(
        self, ts: int, named: NetbiosName, b: bytes, o: int, e: int, only: str | None,
        until: int | None,
    ) -> None:  # fmt: skip
        """ADDR_ENTRYs of a unique name (RFC 1002 §4.2.13); `only` this address where it is given:
        a machine registers its own.
        """
        host = named.host
        if host is None:
            return
        for i in range(o, min(e - _ENTRY + 1, o + _ADDRESSES * _ENTRY), _ENTRY):
            if (b[i] << 8 | b[i + 1]) & _GROUP:
                continue
            ip = f"{b[i + 2]}.{b[i + 3]}.{b[i + 4]}.{b[i + 5]}"
            if only is None or only == ip:
                self._context.host_seen(ts, self._flow, METHOD, ip, host, METHOD, until)


def node_name(b: bytes, o: int, e: int) -> str | None:
    """The raw host in an answer to a node status request at `o`; None where it has no such name."""
    flags, answers = b[o + 2] << 8 | b[o + 3], b[o + 6] << 8 | b[o + 7]
    named = netbios_name.name(b, o + _HEAD, e)
    start, stop, kind = _record(b, named.stop, e)
    if not flags & _RESPONSE or not answers or kind != _NBSTAT or start == stop:
        raise Malformed(f"no node status at {o}")
    return _own_name(b, start, stop)


def _record(b: bytes, o: int, e: int) -> tuple[int, int, int]:
    """Start and stop of RDATA, and type, of the resource record whose name ends at `o`."""
    if o + 10 > e:
        raise Malformed(f"resource record cut at {e}")
    start = o + 10
    stop = start + (b[o + 8] << 8 | b[o + 9])
    if stop > e:
        raise Malformed(f"RDATA ends at {stop}, after {e}")
    return start, stop, b[o] << 8 | b[o + 1]


def _own_name(b: bytes, o: int, e: int) -> str | None:
    """The unique workstation name in a node status answer (RFC 1002 §4.2.18)."""
    for i in range(o + 1, min(e, o + 1 + b[o] * _STATUS_ENTRY) - _STATUS_ENTRY + 1, _STATUS_ENTRY):
        group = (b[i + 16] << 8 | b[i + 17]) & _GROUP
        if b[i + 15] == netbios_name.WORKSTATION and not group:
            text = netbios_name.plain(b[i : i + 15])
            return f"name:{text}" if netbios_name.is_computer_name(text) else None
    return None
