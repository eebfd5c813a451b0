"""Order of TCP segments (RFC 9293 §3.4, §3.10): disorder, retransmission, overlap, loss, end.

One function per segment of a known direction. What came first wins over later overlaps. A hole is
waited for within bounds of segments, bytes and time, except where the missing bytes would be
skipped anyway. Knows no table of connections: `True` says that the segment belongs to another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sensor.wire.pieces import OVERHEAD, insert

if TYPE_CHECKING:
    from sensor.wire.framing import Half

FIN: Final = 1
SYN: Final = 2
RST: Final = 4
ACK: Final = 16
MASK: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000


def payload(half: Half, ts: int, seq: int, b: bytes) -> bool:
    """A segment that is not plainly the next one; True if it begins another connection."""
    connection = half.connection
    if half.next < 0:
        half.next = seq
    ahead = (seq - half.next) & MASK
    if ahead and seq == half.restart:
        return True
    if ahead >= _HALF:
        back = MASK + 1 - ahead
        if back > connection.bounds.window:
            return _elsewhere(half, seq, len(b))
        if back >= len(b):
            connection.context.count("tcp.retransmissions")
            return False
        b = b[back:]
    elif ahead > half.skip:
        if ahead > connection.bounds.window:
            return _elsewhere(half, seq, len(b))
        _wait(half, ts, seq, b)
        return False
    elif ahead:
        # the hole lies in bytes nobody wants: do not wait for them
        half.skip -= ahead
        half.next = seq
    if half.late is None:
        half.next = (half.next + len(b)) & MASK
        half.deliver(ts, b)
    else:
        # it may overlap what came before it
        _keep(half, ts, half.next, b)
        _drain(half, ts)
    return False


def missing(half: Half, ts: int, size: int) -> None:
    """The capture cut this many bytes off the segment just seen."""
    half.next = (half.next + size) & MASK
    half.lose(ts, size)


def acknowledged(half: Half, ts: int, ack: int) -> None:
    """The receiver of this direction has these bytes: a hole below them is the capture's own.

    Waiting for it would only bring requests and answers out of step.
    """
    while half.late:
        behind = (half.late[0][0] + half.origin) & MASK
        if (ack - behind) & MASK >= _HALF:
            return
        give_up(half, ts)


def give_up(half: Half, ts: int) -> None:
    """The oldest hole will not be filled: it is lost, and what waits behind it is read."""
    if half.late is not None:
        hole = half.late[0][0] - ((half.next - half.origin) & MASK)
        if hole > 0:
            half.next = (half.next + hole) & MASK
            half.lose(ts, hole)
        _drain(half, ts)


def flush(half: Half, ts: int) -> None:
    """Nothing will come any more: read all that waits."""
    while half.late is not None:
        give_up(half, ts)


def _wait(half: Half, ts: int, seq: int, b: bytes) -> None:
    half.connection.context.count("tcp.out_of_order")
    if half.late is None:
        half.late = []
        half.origin = half.next
        half.late_since = ts
    _keep(half, ts, seq, b)
    while _overdue(half, ts):
        give_up(half, ts)


def _overdue(half: Half, ts: int) -> bool:
    """Whether too much waits, or too long. (A function of its own: compiled, `late` would pass for a
    list where it was one before the call that emptied it.)
    """
    bounds = half.connection.bounds
    return half.late is not None and (
        half.late_bytes > bounds.late_bytes
        or ts - half.late_since > bounds.late_time
        or half.connection.context.held > bounds.held
    )


def _keep(half: Half, ts: int, seq: int, b: bytes) -> None:
    if half.late is not None:
        before = len(half.late)
        cost = insert(half.late, (seq - half.origin) & MASK, b, ts)
        cost += (len(half.late) - before) * OVERHEAD
        half.late_bytes += cost
        half.connection.context.held += cost


def _drain(half: Half, ts: int) -> None:
    """Read what is in order now; forget the list when it is empty."""
    late = half.late
    if late is None:
        return
    context = half.connection.context
    taken = 0
    for position, data, when in late:
        behind = ((half.next - half.origin) & MASK) - position
        if behind < 0:
            if -behind > half.skip:
                break
            half.next = (half.next - behind) & MASK
            half.skip += behind
            behind = 0
        taken += 1
        half.late_bytes -= len(data) + OVERHEAD
        context.held -= len(data) + OVERHEAD
        if behind < len(data):
            half.next = (half.next + len(data) - behind) & MASK
            half.deliver(when, data[behind:] if behind else data)
    if taken == len(late):
        half.late = None
        half.late_bytes = 0
    else:
        del late[:taken]
        half.late_since = ts


def _elsewhere(half: Half, seq: int, size: int) -> bool:
    # one stray segment far away proves nothing (and anybody can forge it); the next one does
    half.restart = (seq + size) & MASK
    half.reborn = False
    half.connection.context.count("tcp.out_of_window")
    return False
