"""Opening the ports of `atp-run`: syslog, JSON and RADIUS, and what becomes of each as a source.

Whatever is wrong ends the command with the reason. Knows no engine: sources are made later, when
privileges are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from engine.cli import output
from engine.daemon import accounting, listening
from engine.daemon.json_tokens import load_tokens
from engine.daemon.radius_clients import load_clients
from sensor.inputs import jsonport, radius, syslog
from sensor.inputs.interface import InterfaceError
from sensor.inputs.jsonitems import items_of_line
from sensor.inputs.places import Place, ends, place, tls_of
from sensor.inputs.siem import records_of_message

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.daemon.service import Source


class Wanted(NamedTuple):
    """What people asked for, as they wrote it."""

    syslog: Sequence[str] = ()
    json: Sequence[str] = ()
    json_tokens: Path | None = None
    radius: Sequence[str] = ()
    radius_clients: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def any(self) -> bool:
        """Whether any port is asked for."""
        return bool(self.syslog or self.json or self.radius)


class Ground(NamedTuple):
    """What sources need to know of the run: where to put what cannot be read, the greatest number
    that the store has of a sensor, and whether rules read records as they came.
    """

    rejected: Path
    last: Callable[[str], int]
    raw: bool


class Port(Protocol):
    """An open port."""

    name: str
    """For people: `syslog udp:514`."""

    def source(self, ground: Ground) -> Source:
        """Begin to listen."""


class _MessagePort:
    """Syslog or JSON, by what its messages are read with."""

    def __init__(
        self, kind: str, opened: syslog.Syslog | jsonport.JsonPort, read: listening.Read
    ) -> None:
        self._kind = kind
        self._opened = opened
        self._read = read
        self.name = f"{kind} {opened.place.name}"

    def source(self, ground: Ground) -> Source:
        sensor = listening.sensor_name(self._kind, self._opened.place.name)
        after = ground.last(sensor), ground.last(f"{sensor} raw")
        return listening.Listening(
            self._kind, self._opened, self._read, ground.rejected, *after, raw=ground.raw
        )


class _RadiusPort:
    def __init__(self, opened: radius.Radius) -> None:
        self._opened = opened
        self.name = f"radius {opened.place.name}"

    def source(self, ground: Ground) -> Source:
        sensor = accounting.sensor_name(self._opened.place.name)
        return accounting.Accounting(self._opened, ground.last(sensor))


def open_ports(wanted: Wanted) -> list[Port]:
    """All of them."""
    try:
        return [*_syslog(wanted), *_json(wanted), *_radius(wanted)]
    except InterfaceError as error:
        output.fail(str(error), "ports below 1024 need root; or name another one")


def _syslog(wanted: Wanted) -> Iterator[Port]:
    places = _places(
        "--syslog", wanted.syslog, syslog.PORTS,
        "as in `--syslog udp`, `--syslog tls:10.0.0.1:6514`",
    )  # fmt: skip
    secured = any(where.way == "tls" for where in places)
    tls = _tls("syslog over TLS", wanted) if secured else None
    for where in places:
        opened = syslog.Syslog(where, tls if where.way == "tls" else None)
        yield _MessagePort("syslog", opened, records_of_message)


def _json(wanted: Wanted) -> Iterator[Port]:
    hint = "as in `--json tcp:9080`, `--json https:10.0.0.1:9200`"
    places = _places("--json", wanted.json, jsonport.PORTS, hint)
    secured = any(where.way in jsonport.SECURED for where in places)
    tls = _tls("JSON over TLS", wanted) if secured else None
    tokens = [] if wanted.json_tokens is None else load_tokens(wanted.json_tokens)
    if not tokens and any(where.way.startswith("http") for where in places):
        output.fail("JSON by HTTP needs tokens of its senders", "name their file: --json-tokens")
    for where in places:
        opened = jsonport.JsonPort(where, tls if where.way in jsonport.SECURED else None, tokens)
        yield _MessagePort("json", opened, items_of_line)


def _radius(wanted: Wanted) -> Iterator[Port]:
    if not wanted.radius:
        if wanted.radius_clients is not None:
            output.fail("--radius-clients without --radius", "add `--radius`")
        return
    if wanted.radius_clients is None:
        hint = "name the file of clients and their secrets: --radius-clients"
        output.fail("RADIUS accounting needs to know its clients", hint)
    clients = load_clients(wanted.radius_clients)
    for text in dict.fromkeys(wanted.radius):
        try:
            where = Place("", *ends(text, radius.PORT))
        except ValueError as error:
            hint = "as in `--radius 1813`, `--radius 10.0.0.1:1813`"
            output.fail(f"--radius: {error}", hint)
        yield _RadiusPort(radius.Radius(where, clients))


def _places(option: str, texts: Sequence[str], ports: Mapping[str, int], hint: str) -> list[Place]:
    try:
        return [place(text, ports) for text in dict.fromkeys(texts)]
    except ValueError as error:
        output.fail(f"{option}: {error}", hint)


def _tls(what: str, wanted: Wanted) -> ssl.SSLContext:
    if wanted.certificate is None or wanted.key is None:
        output.fail(f"{what} needs a certificate", "name its files: --certificate, --key")
    try:
        return tls_of(wanted.certificate, wanted.key)
    except InterfaceError as error:
        hint = "PEM files: the certificate with its chain, and its private key"
        output.fail(str(error), hint)
