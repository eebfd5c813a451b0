"""Lateral movement paths in a store, as of a time: the graph read, searched and told.

Targets are the sensitive accounts: those the directory calls so, the members of sensitive groups,
and the well-known ones; or the one that is asked for. Knows no command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from engine.paths.graph import Graph
from engine.paths.search import Ways
from engine.store import movement

if TYPE_CHECKING:
    import duckdb

    from engine.paths.search import Risk, Way

WITHIN_US: Final = 2 * 86_400_000_000
"""Credentials used that long ago are taken to lie in memory still."""


class Found(NamedTuple):
    """What was found. `reaching`: how many accounts have a way; `targets`: how many are looked for;
    `sessions` and `rights`: the size of the graph. `ways`, `hosts` and `accounts` are the first of
    each: shortest ways, and what most of them lead over.
    """

    reaching: int
    targets: int
    sessions: int
    rights: int
    ways: list[Way]
    hosts: list[Risk]
    accounts: list[Risk]


def sensitive_accounts(connection: duckdb.DuckDBPyConnection, at: int) -> set[str]:
    """Accounts that are sensitive then, by themselves or by their groups."""
    accounts, groups = movement.sensitive(connection, at)
    within = {one.member for one in movement.members(connection, groups, at)}
    return accounts | (within - groups)


def find(
    connection: duckdb.DuckDBPyConnection,
    at: int,
    *,
    to: str | None = None,
    within: int = WITHIN_US,
    most: int = 20,
) -> Found:
    """Ways to sensitive accounts, or to the account `to` (canonical), as of `at` (microseconds).

    `within`: how old a sign of a session may be; `most`: so many of each are told.
    """
    sessions = movement.sessions(connection, at, within)
    rights = movement.administrators(connection, at)
    holders = {right.principal for right in rights}
    graph = Graph(sessions, rights, movement.members(connection, holders, at))
    ends = sensitive_accounts(connection, at)
    targets = ends if to is None else {to}
    ways = Ways(graph, targets, ends, movement.computers(connection, at))
    hosts, accounts = ways.risks(most)
    return Found(
        len(ways), len(targets), len(sessions), len(rights), ways.nearest(most), hosts, accounts
    )
