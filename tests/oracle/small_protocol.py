"""A protocol as small as can be, on port 88, to test the driver without a decoder.

One byte `M`, two bytes of length, one byte saying how many of the bytes after the head are wanted
(255: all), then the bytes. Its reader writes down what it hears; on `bad` and `worse` it raises.
"""

from __future__ import annotations

import struct

from sensor.contract import Malformed, Reader


def message(data: bytes, want: int = 255) -> bytes:
    return b"M" + struct.pack(">HB", len(data), want) + data


class Notes:
    """What all readers of a test got, in order."""

    def __init__(self):
        self.log = []
        self.flows = []
        self.events = []

    def said(self, to_server: bool | None = None) -> list[bytes]:
        return [d for kind, side, d in self.log if kind == "message" and to_server in (None, side)]


class Recorder(Reader):
    def __init__(self, flow, context, notes):
        self.flow, self.context, self.notes = flow, context, notes
        notes.flows.append(flow)

    def frame(self, to_server, b, o, e):
        if b[o : o + 1] != b"M":
            return 0, -1
        if e - o < 4:
            return 0, 0
        size, want = struct.unpack_from(">HB", b, o + 1)
        return 4 + (size if want == 255 else want), 4 + size

    def resync(self, to_server, b, o, e):
        return b.find(b"M", o, e)

    def message(self, ts, to_server, b, o, e):
        data = b[o:e] if self.flow.udp else b[o + 4 : e]
        if data == b"bad":
            raise Malformed("bad")
        if data == b"worse":
            raise KeyError("worse")
        self.notes.log.append(("message", to_server, data))

    def gap(self, ts, to_server):
        self.notes.log.append(("gap", to_server, b""))

    def close(self, ts):
        self.notes.log.append(("close", None, b""))
