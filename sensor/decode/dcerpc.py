"""Readers of DCE/RPC: over TCP, inside a named pipe, and over UDP (`rpc_datagrams`).

Frames PDUs and feeds them to `rpc_association`. Port 135 is fixed; the driver learns the others
from the endpoint mapper and from binds (`Context.learn_rpc_port`). In a pipe the PDUs arrive in
the pieces that the file protocol wrote, so `PipeReader` joins them. A new interface is one file in
`sensor.decode.rpc`. References: C706 chapter 12, MS-RPCE 2.1.1.2 (ncacn_np).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.contract import Reader
from sensor.decode import dcerpc_pdu as pdus
from sensor.decode import rpc_interfaces
from sensor.decode.rpc_association import Association
from sensor.decode.rpc_datagrams import DatagramReader
from sensor.decode.rpc_pending import RESPONSE_LIMIT

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

PORTS_TCP: Final = (135,)
PORTS_UDP: Final = (135,)
_HEAD: Final = 24


class TcpReader(Reader):
    """Messages of one TCP connection. Of long responses only the head is asked for."""

    __slots__ = ("_association",)

    def __init__(self, association: Association) -> None:
        self._association = association

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        total = pdus.length(b, o, e)
        if total <= 0:
            return 0, total
        want = total
        if b[o + 2] == pdus.RESPONSE and not to_server:
            if b[o + 10 : o + 12] != b"\0\0" and self._association.securities.all_private():
                want = _HEAD
            elif not b[o + 3] & pdus.LAST:
                want = _HEAD + RESPONSE_LIMIT
        return min(want, total), total

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        return pdus.search(b, o, e, to_server=to_server)

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        self._association.message(ts, to_server, b, o, e)

    def gap(self, ts: int, to_server: bool) -> None:  # noqa: ARG002 the contract names them
        self._association.gap(to_server)

    def close(self, ts: int) -> None:
        self._association.close(ts)


class _Direction:
    """What is left of a pipe's byte stream in one direction."""

    __slots__ = ("rest", "skip", "whole")

    def __init__(self) -> None:
        self.rest = b""
        self.skip = 0
        self.whole = True


class PipeReader(TcpReader):
    """The byte stream of a pipe, cut by reads and writes at any place."""

    __slots__ = ("_dead", "_directions")

    def __init__(self, association: Association) -> None:
        super().__init__(association)
        self._directions = (_Direction(), _Direction())
        self._dead = False

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        side = self._directions[1 if to_server else 0]
        if self._dead:
            return
        if side.skip:
            n = min(side.skip, e - o)
            side.skip -= n
            o += n
        if side.rest:
            b = side.rest + b[o:e]
            o, e = 0, len(b)
            side.rest = b""
        while o < e:
            want, total = self.frame(to_server, b, o, e)
            if total < 0:
                # no RPC in this pipe, or its stream is cut: wait for a piece that begins a PDU
                self._dead = not side.whole
                side.whole = False
                return
            if total == 0 or want > e - o:
                side.rest = b[o:e]
                return
            side.whole = True
            if total > e - o:
                side.skip = total - (e - o)
            self._association.message(ts, to_server, b, o, o + want)
            o += total

    def gap(self, ts: int, to_server: bool) -> None:
        side = self._directions[1 if to_server else 0]
        side.rest = b""
        side.skip = 0
        super().gap(ts, to_server)


def reader(flow: Flow, context: Context) -> Reader:
    """Reader of a TCP connection to an RPC server, or of datagrams."""
    if flow.udp:
        return DatagramReader(flow, context)
    return TcpReader(Association(flow, context, str(flow.server_port), "unknown"))


def pipe_reader(flow: Flow, name: str, context: Context) -> PipeReader:
    """Reader of the named pipe `name`; `flow` carries the account of the file session."""
    return PipeReader(Association(flow, context, name, rpc_interfaces.interface_of_pipe(name)))
