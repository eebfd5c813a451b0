"""A directory with the other domains of its forest: found in the configuration, read like the first.

Each domain is a synchronisation of its own, with its own sensor, bookmarks and choice of accounts;
the configuration, which all of them hold, is read once. Domains of other forests are not found
here: a trust names no server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensor.inputs.directory.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dsl.schema.base import Event
    from sensor.inputs.directory.source import Synchronisation


class Forest:
    """A source of the daemon. `besides`: domains that are synchronised otherwise."""

    def __init__(
        self,
        source: Source,
        begin: Callable[[Source], Synchronisation],
        besides: Collection[str] = (),
    ) -> None:
        self.name = source.sensor
        self._source = source
        self._begin = begin
        self._first = begin(source)
        self._others: dict[str, Synchronisation] = {}
        self._known = {source.places[0].domain, *besides}

    @property
    def fault(self) -> str:
        """Why some domain will never tell anything again, if one will not."""
        return next((s.fault for s in (self._first, *self._others.values()) if s.fault), "")

    def take(self) -> list[Event]:
        """The events of all domains; those that were found since the last call begin now."""
        for domain, hosts in self._first.forest.items():
            if domain not in self._known and hosts:
                self._known.add(domain)
                places = tuple(self._source.places[0].at(host) for host in hosts)
                accounts, authority = self._source.accounts, self._source.authority
                self._others[domain] = self._begin(Source(places, accounts, authority, domain))
        return [e for s in (self._first, *self._others.values()) for e in s.take()]

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic and domain; empty where nothing does."""
        found = self._first.complaints()
        for domain, other in self._others.items():
            found |= {f"{topic} {domain}": said for topic, said in other.complaints().items()}
        return found

    def close(self) -> list[Event]:
        """Stop, and give what was still inside."""
        return [e for s in (self._first, *self._others.values()) for e in s.close()]
