"""Recorded conversations and what a reader makes of them, without sockets, packets or the driver.

`load` reads a text of hexadecimal messages; `Recorder` is a `Context` that keeps what it is given;
`feed` frames a byte stream as the contract says, cut wherever the test wants it cut.
"""

from __future__ import annotations

from pathlib import Path

from sensor.contract import Auth, Context, Flow, Reader

Conversation = list[tuple[bool, bytes]]
"""(to the server, bytes)"""


def load(path: Path) -> dict[str, tuple[int, Conversation]]:
    """Name -> (server port, conversation)."""
    found: dict[str, tuple[int, Conversation]] = {}
    name = ""
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "=":
            name, port, *_ = rest.split()
            found[name] = (int(port), [])
        elif kind in "<>" and kind:
            found[name][1].append((kind == ">", bytes.fromhex(rest)))
    return found


class FakeAuth(Auth):
    """Keeps tokens and verdicts; knows the account it was told once the client sent two tokens."""

    def __init__(self, carrier: str, account: str | None, rounds: int) -> None:
        super().__init__()
        self.carrier = carrier
        self.mechanism = "ntlm"
        self.workstation = "WS9"
        self.fingerprint = "shape"
        self.tokens: list[tuple[bool, bytes]] = []
        self.verdicts: list[tuple[str, int | None]] = []
        self._account = account
        self._rounds = rounds

    def token(self, ts, to_server, b, o, e):
        assert isinstance(b, bytes)
        assert 0 <= o < e <= len(b)
        self.tokens.append((to_server, b[o:e]))
        if sum(1 for client, _ in self.tokens if client) >= self._rounds:
            self.account = self._account

    def finish(self, ts, outcome, status):
        self.verdicts.append((outcome, status))


class Recorder(Context):
    """A `Context` that keeps events, counts, exchanges and learnt ports."""

    def __init__(self, account: str | None = "CORP\\alice", rounds: int = 2) -> None:
        self.events = []
        self.counts: dict[str, int] = {}
        self.auths: list[FakeAuth] = []
        self.ports: list[tuple[str, int, str]] = []
        self._account = account
        self._rounds = rounds

    def emit(self, event):
        self.events.append(event)

    def count(self, what, amount=1):
        self.counts[what] = self.counts.get(what, 0) + amount

    def auth(self, flow, carrier):
        self.auths.append(FakeAuth(carrier, self._account, self._rounds))
        return self.auths[-1]

    def pipe(self, flow, name):
        from sensor.decode.dcerpc import pipe_reader

        return pipe_reader(flow, name, self)

    def learn_rpc_port(self, server, port, interface):
        self.ports.append((server, port, interface))

    def ticket_issued(self, ticket, account):
        """Not of interest."""

    def ticket_owner(self, ticket):
        """Nobody."""

    def keep(self, key, text):
        """Not of interest."""

    def kept(self, key):
        """Nothing."""

    def host_seen(self, ts, flow, protocol, ip, host, method, until=None):
        """Not of interest."""


def flow(port: int) -> Flow:
    return Flow("10.0.0.50", 50_000, "10.0.0.10", port, udp=False)


def feed(reader: Reader, talk: Conversation, size: int = 0, ts: int = 1_000) -> None:
    """Give the conversation to the reader in pieces of `size` bytes, whole if 0, and close it."""
    held = {True: b"", False: b""}
    skip = {True: 0, False: 0}
    for to_server, data in talk:
        ts += 1
        for at in range(0, len(data), size or len(data)):
            piece = data[at : at + (size or len(data))]
            n = min(skip[to_server], len(piece))
            skip[to_server] -= n
            b = held[to_server] + piece[n:]
            o = 0
            while o < len(b):
                want, total = reader.frame(to_server, b, o, len(b))
                assert total >= 0, f"lost step at {b[o : o + 16].hex()}"
                if total == 0 or want > len(b) - o:
                    break
                assert want <= total
                reader.message(ts, to_server, b, o, o + want)
                skip[to_server] = max(0, total - (len(b) - o))
                o += total
            held[to_server] = b[o:]
    reader.close(ts + 1)


def rows(events, *fields: str) -> list[tuple]:
    """(type, fields…) of each event, in order."""
    return [
        (type(event).__struct_config__.tag, *(getattr(event, f, None) for f in fields))
        for event in events
    ]
