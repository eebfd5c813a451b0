"""The graph of lateral movement: who administers which host, whose credentials lie there.

An account takes a host that it administers, itself or through a group, and with it the credentials
of everyone who works there. One edge of a way is one host taken. Pure; knows no SQL and no store.
Idea: Dunagan, Zheng, Simon, «Heat-ray» (SOSP 2009), identity snowball attacks.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.store.movement import Administrator, Member, Session


class Step(NamedTuple):
    """One host is taken: `account` administers `host`, through `group` if that is set, where `then` works.

    `right` and `since`: how that is known and since when (0: always; microseconds); `session` and
    `seen`: of the credentials of `then`.
    """

    account: str
    group: str | None
    right: str
    since: int
    host: str
    then: str
    session: str
    seen: int


class Graph:
    """Edges by what they lead to; everything in order, so that equal input gives equal ways."""

    def __init__(
        self,
        sessions: Iterable[Session],
        administrators: Iterable[Administrator],
        members: Iterable[Member] = (),
    ) -> None:
        self.sessions: dict[str, dict[str, Session]] = defaultdict(dict)
        """By account, by host: the newest."""
        for session in sessions:
            known = self.sessions[session.account].get(session.host)
            if known is None or (known.last, known.how) < (session.last, session.how):
                self.sessions[session.account][session.host] = session
        self._members: dict[str, list[str]] = defaultdict(list)
        inside = list(members)
        groups = {one.group for one in inside}
        for one in inside:
            if one.member not in groups:  # of groups within, every member is named too
                self._members[one.group].append(one.member)
        self._rights: dict[str, list[Administrator]] = defaultdict(list)
        hosts = _Hosts(host for by_host in self.sessions.values() for host in by_host)
        for right in administrators:
            for host in hosts.named(right.host):
                self._rights[host].append(right)

    def rights(self, host: str) -> list[Administrator]:
        """Who administers a host: groups first, so that members are told with their group."""
        found = self._rights.get(host, ())
        return sorted(found, key=lambda r: (r.principal not in self._members, r))

    def members(self, principal: str) -> list[str] | None:
        """The accounts of a group, those of groups within it too; None of an account."""
        return self._members.get(principal)


class _Hosts:
    """Hosts by what names them: `administrators@` is followed by a DNS name or its first label."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._short: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            self._short[key].add(key)
            if not key.startswith("ip:"):
                self._short[key.removeprefix("name:").partition(".")[0]].add(key)

    def named(self, text: str) -> list[str]:
        return sorted(self._short.get(text, ()))
