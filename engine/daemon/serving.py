"""Ports on which the daemon answers over HTTPS: sensors, the API and pages, on one port or on two.

A port is opened first, while there may be privileges to open it with; everything that is answered there is
given to its site, and then it starts. Where no instance is named, the portal has one of its own beside
the database: nobody's password or token goes over a line that is not encrypted.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import click

from engine.cli import output
from engine.daemon.ports import BUSY_HINT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from starlette.routing import BaseRoute

    from engine.instance.authority import Authority
    from engine.instance.registry import Registry
    from engine.status import Status
    from engine.store import Store
    from engine.store.reads import Reads
    from engine.web.listener import Listener
    from portal.access.provider import Provider
    from portal.installed import Installed

PORT: Final = 8443
_HERE: Final = "127.0.0.1"
OFF: Final = "off"
OPTION: Final = click.Option(
    ["--portal"],
    metavar="[ADDRESS:]PORT|off",
    help=f"Answer the API and metrics over HTTPS there; default: {_HERE}:{PORT}, with --listen the same "
    "port as sensors.",
)


class Site:
    """One open port. `authority`: whose certificate it shows, where that is known already."""

    def __init__(self, host: str, port: socket.socket, authority: Authority | None = None) -> None:
        self.host = host
        self.number = int(port.getsockname()[1])
        self.authority = authority
        self._port = port
        self._routes: list[BaseRoute] = []
        self._listener: Listener | None = None

    @property
    def words(self) -> str:
        """Where it is, for people."""
        host = self._port.getsockname()[0]
        return f"[{host}]:{self.number}" if ":" in host else f"{host}:{self.number}"

    def add(self, routes: Sequence[BaseRoute]) -> None:
        """These are answered there, too; before it starts."""
        self._routes += routes

    def start(self) -> None:
        """Answer from now on. Raises ListenError."""
        from engine.web.app import application  # noqa: PLC0415 - `--help` answers at once
        from engine.web.listener import Listener  # noqa: PLC0415

        assert self.authority is not None  # noqa: S101 - given before
        self._listener = Listener(application(self._routes), self._port, self.authority)
        self._listener.start()

    @property
    def fault(self) -> str:
        """Why it answers no more, if it does not."""
        return "" if self._listener is None else self._listener.fault

    def close(self) -> None:
        """Answer what has been asked, and nothing more."""
        if self._listener is None:
            self._port.close()
        else:
            self._listener.close()


@runtime_checkable
class Sited(Protocol):
    """An input that is a site: sensors deliver there."""

    site: Site
    registry: Registry


def site(text: str, option: str, authority: Authority | None = None) -> Site:
    """A port as people write it, opened; ends the command with the reason where it cannot be. Raises
    ListenError where it is taken.
    """
    from engine.web.listener import open_port  # noqa: PLC0415 - `--help` answers at once

    host, number = place(text, option)
    return Site(host, open_port(host, number), authority)


def place(text: str, option: str) -> tuple[str, int]:
    """A port as people write it, address and number; ends the command where it is none."""
    from sensor.inputs.places import ends  # noqa: PLC0415 - `--help` answers at once

    try:
        return ends(text, PORT)
    except ValueError as error:
        output.fail(f"{option}: {error}", f"as in `{option} 8443`, `{option} 10.0.0.1:8443`")


def portal_site(text: str | None, others: Sequence[Site]) -> Site | None:
    """Where the portal answers, opened; None: nowhere. `others`: the sites that are open already."""
    from engine.web.listener import ListenError  # noqa: PLC0415 - `--help` answers at once
    from sensor.inputs.places import ends  # noqa: PLC0415

    if text == OFF:
        return None
    if text is None and others:
        return others[0]
    try:
        if text is None:
            return site(f"{_HERE}:{PORT}", "--portal")
        asked = ends(text, PORT)
        same = [one for one in others if (one.host, one.number) == asked]
        return same[0] if same else site(text, "--portal")
    except ValueError:
        return site(text or "", "--portal")  # which says what is wrong
    except ListenError as error:
        if text is None:  # nobody asked for it there
            output.warn(f"nobody can look in, {error}: name another port with --portal")
            return None
        output.fail(str(error), BUSY_HINT)


def own_instance(store_path: Path) -> Path:
    """The folder of the instance that a portal without any has."""
    return store_path.with_name(f"{store_path.name}.instance")


def authority_of(instance: Path | None, store_path: Path) -> Authority:
    """Of the instance that is named, else of the portal's own, which is made if need be; ends the
    command with the reason where it cannot be used.
    """
    from engine.instance.authority import (  # noqa: PLC0415 - `--help` answers at once
        Authority,
        AuthorityError,
        create_authority,
    )

    try:
        if instance is not None:
            found = Authority(instance)
        else:
            folder = own_instance(store_path)
            names = ["localhost", _HERE, socket.gethostname()]
            found = Authority(folder) if folder.exists() else create_authority(folder, names)
        found.keep_server()
    except AuthorityError as error:
        output.fail(str(error), "name an instance with --instance, or take `--portal off`")
    return found


class Portal:
    """The API and pages at a site, over a store whose owner goes on working."""

    def __init__(
        self,
        site: Site,
        store: Store,
        store_path: Path,
        status: Callable[[], Status],
        registry: Registry | None,
        installed: Installed,
        provider: Provider | None = None,
    ) -> None:
        """For the thread that owns the store."""
        import sqlite3  # noqa: PLC0415

        from engine.store.desk import beside  # noqa: PLC0415 - `--help` answers at once
        from engine.store.reads import reads_of  # noqa: PLC0415
        from portal.access.database import AccessError  # noqa: PLC0415
        from portal.reading.sources import Sources  # noqa: PLC0415
        from portal.routes import first_steps, pages, people_of, routes  # noqa: PLC0415

        self.site = site
        self._provider = provider
        self._reads: Reads = reads_of(store)
        self.sources = Sources(
            store_path, beside(store_path), self._reads, status, registry, installed=installed
        )
        self.first_steps = ""
        """Where the first administrator is made; "" where there is an account."""
        try:
            self._people = people_of(store_path)
            self.first_steps = first_steps(self._people)
            site.add([*routes(self.sources), *pages(self.sources, self._people, provider)])
        except (AccessError, OSError, sqlite3.Error) as error:
            output.fail(str(error), "see who owns the database and its folder")

    def close(self) -> None:
        """End what is being read; before the store is closed."""
        self._reads.close()
        self._people.close()
        if self._provider is not None:
            self._provider.close()
