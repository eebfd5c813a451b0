"""Conversations of one flow fed to a reader as the wire driver would, in pieces of any size.

A recorded conversation is a text file: `# PORT tcp|udp …`, then a line `> hex` or `< hex` a
message (TCP: with its length prefix). `Ears` is the context: it keeps events and counts.
"""

from __future__ import annotations

import struct
from pathlib import Path

from sensor.contract import Context, Flow
from sensor.wire.auth import Exchange

FOLDER = Path(__file__).resolve().parent.parent / "data" / "conversations"
UNREADABLE = (IndexError, ValueError, struct.error)


class Ears(Context):
    """A context without a driver."""

    def __init__(self):
        self.events = []
        self.counts = {}
        self.owners = {}
        self.texts = {}
        self.hosts = []

    def emit(self, event):
        self.events.append(event)

    def count(self, what, amount=1):
        self.counts[what] = self.counts.get(what, 0) + amount

    def auth(self, flow, carrier):
        return Exchange(flow, carrier, self)

    def ticket_issued(self, ticket, account):
        self.owners[ticket] = account

    def ticket_owner(self, ticket):
        return self.owners.get(ticket)

    def keep(self, key, text):
        self.texts[key] = text

    def kept(self, key):
        return self.texts.get(key)

    def host_seen(self, ts, flow, protocol, ip, host, method, until=None):
        self.hosts.append((ts, ip, host, method, until))


def recorded(name: str) -> tuple[int, bool, list[tuple[bool, bytes]]]:
    """Port, whether UDP, and the messages (to_server, bytes) of a recorded conversation."""
    head, *lines = (FOLDER / f"{name}.hex").read_text().splitlines()
    _, port, kind, *_ = head.replace(",", " ").split()
    messages = [(line[0] == ">", bytes.fromhex(line[2:])) for line in lines]
    return int(port), kind == "udp", messages


def flow(port: int, udp: bool = False) -> Flow:
    return Flow("10.0.0.50", 50000, "10.0.0.10", port, udp=udp)


def feed(reader, messages, *, udp=False, size=0, start=1_000_000, close=True):
    """Feed messages a millisecond apart; TCP in pieces of `size` bytes (0: as they are).

    Frames as the driver does: ask, wait, skip what is not wanted, search on after junk.
    """
    ts = start
    waiting = {True: b"", False: b""}
    skip = {True: 0, False: 0}
    for to_server, message in messages:
        ts += 1000
        if udp:
            hear(reader, ts, to_server, message)
            continue
        for o in range(0, len(message), size or len(message)):
            piece = message[o : o + size] if size else message
            held = waiting[to_server] + piece
            held, skip[to_server] = frames(reader, ts, to_server, held, skip[to_server])
            waiting[to_server] = held
    if close:
        reader.close(ts + 1000)


def frames(reader, ts, to_server, b, skip):
    """Read what is complete in `b`; the rest, and how much of what comes is to be skipped."""
    o = 0
    while o < len(b):
        if skip:
            step = min(skip, len(b) - o)
            o += step
            skip -= step
            continue
        want, total = reader.frame(to_server, b, o, len(b))
        if total < 0:
            found = reader.resync(to_server, b, o + 1, len(b))
            if found < 0:
                return b"", 0
            o = found
            continue
        if total == 0 or len(b) - o < want:
            break
        hear(reader, ts, to_server, b[o : o + want])
        skip = total
    return b[o:], skip


def hear(reader, ts, to_server, message):
    try:
        reader.message(ts, to_server, message, 0, len(message))
    except UNREADABLE:
        reader._context.count("malformed")


def replay(module, name, *, size=0, ears=None, **extra):
    """The events of a recorded conversation through a decoder module."""
    port, udp, messages = recorded(name)
    ears = ears or Ears()
    reader = module.reader(flow(port, udp), ears, **extra)
    feed(reader, messages, udp=udp, size=size)
    return ears
