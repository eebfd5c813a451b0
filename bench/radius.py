"""RADIUS accounting records a second, socket to event and answer, beside pyrad's server in the same run.

    .venv/bin/python bench/radius.py [SECONDS]

A sender in a process of its own keeps 256 requests on their way for SECONDS (5) and counts answers. Three servers, each
alone: the listener of the product, the same with 10,000 requests a second offered evenly, pyrad (decode, verify, reply).
Prints requests answered a second, and the ratio to pyrad.
"""

from __future__ import annotations

import multiprocessing as mp
import socket
import struct
import sys
import tempfile
import time
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING

from pyrad import dictionary, packet

from sensor.inputs.places import Place
from sensor.inputs.radius import Radius
from sensor.inputs.radiusrequests import Clients

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SECRET = b"sixteen or more octets"
ON_THE_WAY = 256
EVEN = 10_000
WORDS = """\
ATTRIBUTE User-Name 1 string
ATTRIBUTE NAS-IP-Address 4 ipaddr
ATTRIBUTE Framed-IP-Address 8 ipaddr
ATTRIBUTE Calling-Station-Id 31 string
ATTRIBUTE NAS-Identifier 32 string
ATTRIBUTE Acct-Status-Type 40 integer
ATTRIBUTE Acct-Session-Id 44 string
ATTRIBUTE NAS-Port-Type 61 integer
"""


def attribute(kind: int, value: bytes) -> bytes:
    return bytes((kind, len(value) + 2)) + value


def request(number: int) -> bytes:
    """A different session each time."""
    body = b"".join(
        (
            attribute(1, b"CORP\\user%d" % (number % 500)),
            attribute(4, b"\x0a\x00\x00\x01"),
            attribute(8, struct.pack(">I", 0x0A080000 + number % 65_536)),
            attribute(31, b"203.0.113.%d" % (number % 250)),
            attribute(32, b"vpn1"),
            attribute(40, struct.pack(">I", 1)),
            attribute(44, b"session-%d" % number),
            attribute(61, struct.pack(">I", 5)),
        )
    )
    head = struct.pack(">BBH", 4, number % 256, 20 + len(body))
    return head + md5(head + bytes(16) + body + SECRET).digest() + body


def sender(port: int, seconds: float, rate: int, told: Connection) -> None:
    """Send for so long, at a rate or (0) as fast as answers come; tells (sent, answered)."""
    requests = [request(i) for i in range(int(seconds * max(rate, 40_000)))]
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        one.connect(("127.0.0.1", port))
        one.settimeout(0)
        sent = answered = 0
        begin = time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds and sent < len(requests):
            due = int(spent * rate) if rate else answered + ON_THE_WAY
            while sent < min(due, len(requests)):
                one.send(requests[sent])
                sent += 1
            try:
                while True:
                    one.recv(4096)
                    answered += 1
            except BlockingIOError:
                time.sleep(0.0002)
        end = time.perf_counter()
        one.settimeout(0.5)
        try:
            while answered < sent:
                one.recv(4096)
                answered += 1
        except TimeoutError:
            pass
    told.send((sent, answered, end - begin))


def ask(port: int, seconds: float, rate: int = 0) -> tuple[int, int, float]:
    here, there = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=sender, args=(port, seconds, rate, there))
    process.start()
    found = here.recv()
    process.join()
    return found


def ours(seconds: float, rate: int = 0) -> tuple[int, int, float, int]:
    events: list[object] = []
    server = Radius(Place("", "127.0.0.1", 0), Clients([("127.0.0.0/8", SECRET)]))
    server.start(events.append, lambda: True)
    found = ask(server.port, seconds, rate)
    server.close()
    return *found, server.counts.get("sessions", 0)


def pyrad_server(port: Connection, events: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dictionary"
        path.write_text(WORDS)
        words = dictionary.Dictionary(str(path))
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        one.bind(("127.0.0.1", 0))
        port.send(one.getsockname()[1])
        while not events.poll():
            one.settimeout(1)
            try:
                data, peer = one.recvfrom(4096)
            except TimeoutError:
                continue
            asked = packet.AcctPacket(packet=data, secret=SECRET, dict=words)
            if asked.VerifyAcctRequest():
                {key: asked[key] for key in asked.keys()}  # noqa: SIM118 - the peer's work
                one.sendto(asked.CreateReply().ReplyPacket(), peer)


def peer(seconds: float) -> tuple[int, int, float]:
    port_here, port_there = mp.Pipe(duplex=False)
    end_there, end_here = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=pyrad_server, args=(port_there, end_there))
    process.start()
    found = ask(port_here.recv(), seconds)
    end_here.send(None)
    process.join()
    return found


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    sent, answered, spent, events = ours(seconds)
    fast = answered / spent
    print(
        f"atp    {fast:10,.0f} requests/s answered, {sent - answered} unanswered, {events} events"
    )
    sent, answered, spent, events = ours(seconds, EVEN)
    print(
        f"evenly {sent / spent:10,.0f} requests/s offered, {sent - answered} unanswered, {events} events"
    )
    sent, answered, spent = peer(seconds)
    print(f"pyrad  {answered / spent:10,.0f} requests/s answered, {sent - answered} unanswered")
    print(f"ratio  {fast / (answered / spent):10.1f}")


if __name__ == "__main__":
    main()
