"""Who and what there is: accounts, hosts, departments, organisational units, and their changes.

Numbers index the arrays; names are made only when events are written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from organisation.calendar import DAYS

USERS, DEPARTMENTS, UNITS = 2_000, 25, 6
DOMAIN = "corp.example"
USER, ADMIN, SERVICE, SCANNER = range(4)
WORKSTATION, SERVER, CONTROLLER, SHARED, VDI, JUMP, NAT, FOREIGN = range(8)
SERVERS, COMMON = 300, 20
IT = 0
SERVICES = DEPARTMENTS
"""The department number of service accounts."""
MERGED = DEPARTMENTS + 1
"""The department number of the company that joins on the day of the merger."""


@dataclass
class Accounts:
    """One entry an account. `department_from` is the first day in `department`; before it
    `department_before`. Active on days `begins` <= d < `ends`. `person`: the user behind an admin account."""

    kind: np.ndarray
    department: np.ndarray
    department_before: np.ndarray
    department_from: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    home: np.ndarray
    """The host the account works from; VDI users have -1."""
    person: np.ndarray
    novelty: np.ndarray
    """New targets a working day."""
    start_hour: np.ndarray
    dormant: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def in_department(self, day: int) -> np.ndarray:
        """Department of every account on a day."""
        return np.where(day >= self.department_from, self.department, self.department_before)


@dataclass
class Hosts:
    """One entry a host: kind, owning department (-1: common to all), whether it speaks only NTLM
    or issues RC4 tickets, and the class of its service."""

    kind: np.ndarray
    department: np.ndarray
    only_ntlm: np.ndarray
    only_rc4: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, kind: int) -> np.ndarray:
        """Numbers of the hosts of a kind."""
        return np.flatnonzero(self.kind == kind)


@dataclass
class People:
    """The organisation's members. `unit_of` is the organisational unit of each department."""

    accounts: Accounts
    hosts: Hosts
    unit_of: np.ndarray
    new_server: int
    new_jump: int
    rollout: np.ndarray
    scanner_host: int


def make_people(rng: np.random.Generator) -> People:
    """Draw the organisation."""
    sizes = rng.lognormal(0.0, 0.7, DEPARTMENTS)
    department = rng.choice(DEPARTMENTS, USERS, p=sizes / sizes.sum())
    department[rng.choice(USERS, 60, replace=False)] = MERGED
    people_of_it = np.flatnonzero(department == IT)
    if len(people_of_it) < 60:
        moved = rng.choice(np.flatnonzero(department != IT), 60 - len(people_of_it), replace=False)
        department[moved] = IT
        people_of_it = np.flatnonzero(department == IT)
    admins = rng.choice(people_of_it, 60, replace=False)
    hosts = _hosts(rng)
    accounts = _accounts(rng, department, admins, hosts)
    servers = hosts.of(SERVER)
    return People(
        accounts,
        hosts,
        rng.integers(0, UNITS, DEPARTMENTS + 2),
        new_server=int(servers[-1]),
        new_jump=int(hosts.of(JUMP)[-1]),
        rollout=rng.choice(DEPARTMENTS, 3, replace=False),
        scanner_host=int(servers[-2]),
    )


def _hosts(rng: np.random.Generator) -> Hosts:
    counts = {
        WORKSTATION: USERS, SERVER: SERVERS, CONTROLLER: 4, SHARED: 40, VDI: 60, JUMP: 4, NAT: 6,
        FOREIGN: 20,
    }  # fmt: skip
    kind = np.concatenate([np.full(n, k) for k, n in counts.items()])
    department = np.full(len(kind), -1)
    servers = np.flatnonzero(kind == SERVER)
    # common ones first; the last two are the scanner's and the one that is rolled out later
    department[servers[COMMON:-2]] = rng.choice(DEPARTMENTS, SERVERS - COMMON - 2)
    return Hosts(
        kind, department, (kind == SERVER) & (rng.random(len(kind)) < 0.05),
        (kind == SERVER) & (rng.random(len(kind)) < 0.04),
    )  # fmt: skip


def _accounts(
    rng: np.random.Generator, department: np.ndarray, admins: np.ndarray, hosts: Hosts
) -> Accounts:
    services, jumps, servers = 100, hosts.of(JUMP)[:-1], hosts.of(SERVER)
    kind = np.concatenate(
        [np.full(USERS, USER), np.full(len(admins), ADMIN), np.full(services, SERVICE), [SCANNER]]
    )
    size = len(kind)
    home = np.concatenate(
        [
            np.where(rng.random(USERS) < 0.08, -1, np.arange(USERS)),
            np.where(rng.random(len(admins)) < 0.5, admins, rng.choice(jumps, len(admins))),
            rng.choice(servers[:-2], services),
            [servers[-2]],
        ]
    )
    now = np.concatenate([department, np.full(len(admins), IT), np.full(services + 1, SERVICES)])
    before, since = now.copy(), np.zeros(size, np.int64)
    movers = np.flatnonzero((kind == USER) & (rng.random(size) < 0.02) & (now < DEPARTMENTS))
    before[movers] = rng.choice(DEPARTMENTS, len(movers))
    since[movers] = rng.integers(5, DAYS, len(movers))
    begins, ends = np.zeros(size, np.int64), np.full(size, DAYS)
    joiners = np.flatnonzero((kind == USER) & (rng.random(size) < 0.03))
    begins[joiners] = rng.integers(3, DAYS, len(joiners))
    leavers = np.flatnonzero((kind == USER) & (rng.random(size) < 0.02))
    ends[leavers] = rng.integers(5, DAYS, len(leavers))
    dormant = (kind == USER) & (rng.random(size) < 0.06)
    begins[dormant] = DAYS
    novelty = rng.gamma(0.6, 1.0, size)
    novelty *= rng.uniform(0.03, 0.10) / novelty.mean()
    novelty[kind == ADMIN] *= 2.0
    novelty[kind >= SERVICE] = 0.0
    return Accounts(
        kind, now, before, since, begins, ends, home,
        np.concatenate([np.arange(USERS), admins, np.full(services + 1, -1)]),
        novelty, np.clip(rng.normal(8.3, 0.9, size), 6.0, 11.0), dormant,
    )  # fmt: skip
