"""Directories that are synchronised all the time, each in a thread of its own.

A server that dies is left for the next: those that were named, then those of the domain that the
directory itself names. What was read before holds; what changed meanwhile is told when one answers.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.schema.sensor import SensorHealth
from sensor.inputs.directory.passes import Passes, told
from sensor.inputs.directory.place import fitting
from sensor.inputs.directory.server import CredentialsError, Server, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dsl.schema.base import Event
    from sensor.inputs.directory.mirror import Mirror
    from sensor.inputs.directory.place import Account, Place

LOOK_S: Final = 2.0
"""So often a directory is asked what is new."""
_DESCRIPTORS_S: Final = 10.0
_LIFE_S: Final = 15.0
_AGAIN_S: Final = (1.0, 5.0, 15.0, 60.0)
_BATCH: Final = 20_000
_REREAD: Final = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """One directory: its servers, best first, accounts to bind with, and the certificates that are
    trusted (None: the system's).
    """

    places: tuple[Place, ...]
    accounts: tuple[Account, ...]
    authority: Path | None = None
    domain: str | None = None
    """One that was found in its forest: the configuration is read with the domain that told it."""

    @property
    def sensor(self) -> str:
        """The sensor it is: the same in every run."""
        return f"directory:{self.domain or self.places[0].host}"


class Synchronisation:
    """A source of the daemon: events of one directory.

    `fault`: why it will never tell anything again, if it will not.
    """

    def __init__(
        self,
        source: Source,
        mirror: Mirror,
        connect: Callable[[Place, Account, Path | None], Server] = Server,
    ) -> None:
        self.name = source.sensor
        self.fault = ""
        self.forest: dict[str, list[str]] = {}
        """Domains of its forest and their controllers, as the server named them last."""
        self._source = source
        self._mirror = mirror
        self._connect = connect
        self._problem = ""
        self._serving = ""
        self._found: list[Place] = []
        self._taken = self._stored = 0
        self._alive: list[Event] = []
        self._stop = threading.Event()
        self._passes: dict[str, Passes] = {}
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def take(self) -> list[Event]:
        """The events that came since the last call, which says that those before are stored."""
        if self._taken > self._stored:
            self._mirror.stored(self._taken)
            self._stored = self._taken
        signs, self._alive = self._alive, []
        events = self._mirror.waiting(self._taken, _BATCH)
        if events:
            self._taken = events[-1].seq or self._taken
        if len(events) == _BATCH:
            # a sign of life says that everything before it has been sent
            self._alive, signs = [*signs, *self._alive], []
        return [*events, *signs]

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        return {"directory": self._problem}

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        self._stop.set()
        self._thread.join(timeout=10)
        return self.take()

    # --- thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._tell_again()
            failures = 0
            while not self._stop.is_set():
                for place in self._candidates():
                    if self._stop.is_set():
                        break
                    if self._serve(place):
                        failures = 0
                self._stop.wait(_AGAIN_S[min(failures, len(_AGAIN_S) - 1)])
                failures += 1
        except Exception as error:  # noqa: BLE001 - a thread's defect must be told by the one that waits for it
            self.fault = f"{type(error).__name__}: {error}"

    def _candidates(self) -> list[Place]:
        """Servers to try: where they were found before, then by their names, for the server that
        resolves those may be the one that died.
        """
        places = list(dict.fromkeys((*self._source.places, *self._found)))
        known = [(p, self._mirror.bookmark("", f"address {p.host}")) for p in places]
        return [p.found_at(a.decode()) for p, a in known if a] + places

    def _serve(self, place: Place) -> bool:
        """Synchronise with one server as long as it answers; whether it did at all."""
        server = None
        served = False
        try:
            server = self._bound(place)
            contexts = {
                name: self._passes.setdefault(name, Passes(self._mirror, name, self._stop.is_set))
                for name in self._contexts(server)
            }
            for passes in contexts.values():
                passes.reconnected()
            described = signed = 0.0
            while not self._stop.is_set():
                began, ticked = time.time_ns() // 1000, time.monotonic()
                changed = sum(passes.look(server) for passes in contexts.values())
                if ticked - described >= _DESCRIPTORS_S:
                    changed += sum(passes.descriptors(server) for passes in contexts.values())
                    described = ticked
                if self._stop.is_set():
                    break
                if not served:
                    served, self._problem, self._serving = True, "", place.name
                    self._find_controllers(server)
                if changed or ticked - signed >= _LIFE_S:
                    self._sign(began)
                    signed = ticked
                self._stop.wait(max(0.0, LOOK_S - (time.monotonic() - ticked)))
        except ServerError as error:
            self._problem = f"{error}; trying the next server"
        finally:
            if server is not None:
                server.close()
        return served

    def _contexts(self, server: Server) -> list[str]:
        """Naming contexts to read."""
        root = server.root
        own = (root.domain, None if self._source.domain else root.configuration)
        return [name for name in own if name]

    def _bound(self, place: Place) -> Server:
        """A connection by the first account that the server takes."""
        refused: CredentialsError | None = None
        for account in fitting(place.domain, self._source.accounts):
            try:
                return self._connect(place, account, self._source.authority)
            except CredentialsError as error:
                refused = refused or error
        raise refused or ServerError(f"{place.name}: no account to bind with")

    def _find_controllers(self, server: Server) -> None:
        """Other servers of the domain, as its computer accounts name them."""
        filter_ = "(userAccountControl:1.2.840.113556.1.4.803:=8192)"
        hosts = [
            value.decode("utf-8", "replace").lower()
            for found in server.search(server.root.domain, filter_, ["dNSHostName"])
            for name, values in found.raw.items()
            if name.lower() == "dnshostname"
            for value in values
        ]
        if not self._source.domain:
            self.forest = server.domains()
        self._found = [server.place.at(host) for host in sorted(hosts)]
        for host in {*hosts, *(p.host for p in self._source.places)}:
            address = server.address if host == server.place.host else _address(host)
            if address is not None:
                with self._mirror.transaction():
                    self._mirror.mark("", f"address {host}", address.encode())

    def _sign(self, began: int) -> None:
        """Everything that was written before the look has been told."""
        sign = SensorHealth(ts=began, kind="heartbeat", activity="*", via="sync")
        sign.sensor, sign.seq = self.name, self._mirror.number()
        self._alive = [*self._alive[-99:], sign]

    def _tell_again(self) -> None:
        """The engine has lost its database: it needs every object as it is."""
        if not self._mirror.forgotten:
            return
        waiting: list[Event] = []
        now = time.time_ns() // 1000
        for _, entry in self._mirror.all_objects():
            waiting += told(None, entry, now, (), first=True)
            if len(waiting) >= _REREAD:
                self._tell(waiting)
                waiting = []
        self._tell(waiting)

    def _tell(self, events: Sequence[Event]) -> None:
        with self._mirror.transaction():
            self._mirror.tell(events)


def _address(host: str) -> str | None:
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        return None
