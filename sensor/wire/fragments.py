"""Reassembly of IP datagrams (RFC 791 §3.2, RFC 8200 §4.5), bounded in number, pieces and time.

Overlap: in IPv4 the bytes that came first stay; in IPv6 an overlap discards the datagram
(RFC 5722). Knows nothing of transport: the payload goes back to the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.wire.pieces import Piece, insert

if TYPE_CHECKING:
    from sensor.wire.bounds import Bounds

_MAX_DATAGRAM: Final = 65_535


class _Datagram:
    __slots__ = ("born", "broken", "pieces", "protocol", "size", "total")

    def __init__(self, born: int) -> None:
        self.born = born
        self.pieces: list[Piece] = []
        self.size = 0
        self.total = -1
        self.protocol = -1
        self.broken = False


class Fragments:
    """Datagrams that are not complete yet. `lost` counts those given up or contradictory."""

    __slots__ = ("_bounds", "_open", "lost")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._open: dict[bytes, _Datagram] = {}
        self.lost = 0

    def add(
        self,
        key: bytes,
        ts: int,
        offset: int,
        more: bool,
        protocol: int,
        data: bytes,
        *,
        discard_overlap: bool,
    ) -> tuple[int, bytes] | None:
        """One fragment; (protocol, payload) once its datagram `key` is complete.

        `offset` and the payload are in bytes; `protocol` counts in the first fragment only.
        """
        datagram = self._open.get(key)
        if datagram is None:
            if len(self._open) >= self._bounds.datagrams:
                del self._open[next(iter(self._open))]
                self.lost += 1
            datagram = self._open[key] = _Datagram(ts)
        if datagram.broken:
            return None
        end = offset + len(data)
        if not self._fits(datagram, end, more):
            self._discard(datagram)
            return None
        if offset == 0:
            datagram.protocol = protocol
        if not data:
            return None
        added = insert(datagram.pieces, offset, data, ts)
        if discard_overlap and 0 < added < len(data):
            self._discard(datagram)
            return None
        datagram.size += added
        if not more:
            datagram.total = end
        if datagram.size != datagram.total:
            return None
        del self._open[key]
        return datagram.protocol, b"".join([piece[1] for piece in datagram.pieces])

    def expire(self, now: int) -> None:
        """Forget datagrams whose pieces did not come in time."""
        limit = now - self._bounds.datagram_time
        while self._open:
            key = next(iter(self._open))
            datagram = self._open[key]
            if datagram.born > limit:
                return
            del self._open[key]
            self.lost += not datagram.broken

    def close(self) -> None:
        """No more fragments come."""
        for datagram in self._open.values():
            self.lost += not datagram.broken
        self._open.clear()

    def _fits(self, datagram: _Datagram, end: int, more: bool) -> bool:
        if end > _MAX_DATAGRAM or len(datagram.pieces) >= self._bounds.datagram_pieces:
            return False
        if datagram.total >= 0:
            return end <= datagram.total and (more or end == datagram.total)
        last = datagram.pieces[-1] if datagram.pieces else None
        return more or last is None or last[0] + len(last[1]) <= end

    def _discard(self, datagram: _Datagram) -> None:
        # stays known, and empty, until it expires: its other pieces must not begin it anew
        datagram.broken = True
        datagram.pieces = []
        self.lost += 1
