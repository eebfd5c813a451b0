"""Shortest ways to sensitive accounts, and which hosts and accounts most of them lead over.

The search goes backwards from the targets, level by level: an account is reached once, at its
least number of hosts, so it is linear in the graph. An account that is sensitive itself is an end,
never a stage: who has it needs no further way. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from engine.paths.graph import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from engine.paths.graph import Graph
    from engine.store.movement import Session


class Way(NamedTuple):
    """The shortest way from an account to a target: a step for each host that is taken."""

    steps: tuple[Step, ...]

    @property
    def start(self) -> str:
        """The account it begins with."""
        return self.steps[0].account

    @property
    def target(self) -> str:
        """The account it ends with."""
        return self.steps[-1].then


class Risk(NamedTuple):
    """A host or account that ways lead over: from so many accounts. `exposed`: the targets whose
    credentials lie on the host; of an account, none.
    """

    node: str
    accounts: int
    exposed: tuple[str, ...]


class Ways:
    """The shortest way of every account that has one, by account."""

    def __init__(
        self,
        graph: Graph,
        targets: Collection[str],
        ends: Collection[str],
        stages: Collection[str] = (),
    ) -> None:
        """`targets`: accounts that are looked for; `ends`: accounts that no way leads through;
        `stages`: accounts that ways lead through but do not begin with (computers).
        """
        self._graph = graph
        self._stages = frozenset(stages)
        self._targets = frozenset(targets)
        self._next: dict[str, Step] = {}
        self._barred = frozenset(ends) | self._targets
        self._opened: set[str] = set()
        taken: set[str] = set()
        level: Sequence[str] = sorted(self._targets)
        while level:
            reached: list[str] = []
            for account in level:
                for host, session in sorted(graph.sessions.get(account, {}).items()):
                    # whoever takes a host again has come at least as near by then
                    if host not in taken:
                        taken.add(host)
                        reached += self._take(host, session)
            level = sorted(reached)

    def _take(self, host: str, session: Session) -> Iterator[str]:
        """The accounts that are reached first over this host, where the session's account works."""
        for right in self._graph.rights(host):
            who = right.principal
            members = self._graph.members(who)
            if members is not None and who in self._opened:
                continue  # all its members are reached
            self._opened.add(who)
            for account in (who,) if members is None else members:
                if account not in self._next and account not in self._barred:
                    self._next[account] = Step(
                        account, None if members is None else who, right.how, right.since,
                        host, session.account, session.how, session.last,
                    )  # fmt: skip
                    yield account

    def __len__(self) -> int:
        """How many accounts have a way."""
        return sum(self._begins(account) for account in self._next)

    def _begins(self, account: str) -> bool:
        return account not in self._stages and not account.partition("@")[0].endswith("$")

    def way(self, account: str) -> Way | None:
        """The way of one account; None where there is none."""
        steps = []
        step = self._next.get(account)
        while step is not None:
            steps.append(step)
            step = self._next.get(step.then)
        return Way(tuple(steps)) if steps else None

    def nearest(self, most: int) -> list[Way]:
        """The shortest ways, at most so many."""
        length: dict[str, int] = {}
        for account in self._next:  # nearer ones were put in first
            length[account] = 1 + length.get(self._next[account].then, 0)
        chosen = sorted(filter(self._begins, length), key=lambda a: (length[a], a))
        return [way for way in map(self.way, chosen[:most]) if way is not None]

    def risks(self, most: int) -> tuple[list[Risk], list[Risk]]:
        """Hosts and accounts by how many accounts' ways lead over them, at most so many of each."""
        hosts: Counter[str] = Counter()
        through: Counter[str] = Counter()
        for account in reversed(self._next):  # the farthest first
            step = self._next[account]
            coming = through[account] + self._begins(account)
            if coming:
                hosts[step.host] += coming
                through[step.then] += coming
        exposed: dict[str, list[str]] = defaultdict(list)
        for target in sorted(self._targets):
            for host in self._graph.sessions.get(target, {}):
                exposed[host].append(target)
        stages = {a: n for a, n in through.items() if n and a not in self._targets}
        return (
            [Risk(h, n, tuple(exposed[h])) for h, n in _greatest(hosts, most)],
            [Risk(a, n, ()) for a, n in _greatest(stages, most)],
        )


def _greatest(counts: dict[str, int], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:most]
