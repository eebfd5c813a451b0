"""Campaigns of attackers, kind by kind, each with a benign twin: the same shape for a lawful reason.

Kinds: (a) lateral hops with a stolen user, (b) an administrator's credential on a workstation,
(c) a ticket used from a second host, (d) overpass-the-hash with RC4, (e) spray, then one success,
(f) roasting of 1, 5 or 50 services, (g) a service account used by hand, (h) a dormant account wakes,
(i) an insider reads all that the role may, (j) mimicry: only what the peers use (nothing tells it
from its twin: an expected miss), (k) slow poisoning: one new host a day, so that all are known when
they are used together; only that last day counts as found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from organisation.calendar import BEGIN, DAY, DAYS, HOUR, TEST_FROM, works
from organisation.days import AS, RC4, REMOTE, WRONG_PASSWORD, rows
from organisation.people import ADMIN, FOREIGN, JUMP, SERVICE, SHARED, USER, VDI

if TYPE_CHECKING:
    from organisation.habits import Habits

KINDS = "abcdefghijk"
MINUTE = HOUR // 60


@dataclass(frozen=True)
class Plant:
    """One campaign: what it is, the account that a case would name, and its rows. It counts as found
    from `begin` on (microseconds)."""

    number: int
    kind: str
    malicious: bool
    account: int
    table: np.ndarray
    begin: int


class Planter:
    """Draws campaigns for an organisation whose habits are those of the first test day."""

    def __init__(self, habits: Habits, rng: np.random.Generator) -> None:
        self.habits, self.rng = habits, rng
        accounts = habits.people.accounts
        self.accounts, self.hosts = accounts, habits.people.hosts
        self.department = accounts.in_department(TEST_FROM)
        steady = (accounts.begins == 0) & (accounts.ends == DAYS) & (accounts.home >= 0)
        habitual = (habits.daily > 0.05).sum(axis=1) >= 3
        self.users = np.flatnonzero(steady & habitual & (accounts.kind == USER))
        self.admins = np.flatnonzero(steady & (accounts.kind == ADMIN))
        self.services = np.flatnonzero(accounts.kind == SERVICE)
        self.sleepers = np.flatnonzero(accounts.dormant)

    def plant(self, number: int, kind: str, *, malicious: bool) -> Plant:
        """One campaign of a kind, or its twin."""
        day = int(self.rng.choice([d for d in range(TEST_FROM, DAYS - 3) if works(d) > 0.5]))
        account, table = getattr(self, f"_{kind}")(day, malicious)
        while not len(table):  # an account that has met all there is
            account, table = getattr(self, f"_{kind}")(day, malicious)
        table = table[np.argsort(table["ts"], kind="stable")]
        table["plant"] = number
        first = int(table["ts"].min())
        if kind == "k":
            first = int(table["ts"].max()) - HOUR
        return Plant(number, kind, malicious, int(account), table, first)

    def _clock(self, day: int, malicious: bool) -> int:
        """A begin: lawful ones in working hours, 4 of 10 attacks outside them."""
        if malicious and self.rng.random() < 0.4:
            return int(BEGIN + day * DAY + self.rng.uniform(19.0, 29.0) * HOUR)
        return self._working_hour(day)

    def _working_hour(self, day: int) -> int:
        return int(BEGIN + day * DAY + self.rng.uniform(9.0, 15.0) * HOUR)

    def _known(self, account: int, count: int) -> np.ndarray:
        columns = np.flatnonzero(self.habits.daily[account] > 0.05)
        return self.habits.targets[
            self.rng.choice(columns, min(count, len(columns)), replace=False)
        ]

    def _unknown(self, account: int, count: int, department: int | None = None) -> np.ndarray:
        pool = self.habits.popular > 0
        pool &= self.habits.daily[account] == 0
        if department is not None:
            pool &= self.hosts.department[self.habits.targets] == department
        columns = np.flatnonzero(pool)
        return self.habits.targets[
            self.rng.choice(columns, min(count, len(columns)), replace=False)
        ]

    def _rich_department(self, least: int) -> int:
        owned = np.bincount(self.hosts.department[self.hosts.department >= 0])
        return int(self.rng.choice(np.flatnonzero(owned >= least)))

    def _in_role(self, account: int, count: int) -> np.ndarray:
        own = self.habits.of_department(int(self.department[account]))
        pool = own[self.habits.daily[account, own] == 0]
        pool = pool if len(pool) else own
        return self.habits.targets[self.rng.choice(pool, min(count, len(pool)), replace=False)]

    def _spread(self, day: int, malicious: bool, count: int) -> np.ndarray:
        begin = self._clock(day, malicious)
        if self.rng.random() < 0.5:
            return begin + np.sort(self.rng.integers(0, 50 * MINUTE, count))
        offsets = np.sort(self.rng.integers(0, 4, count)) * DAY
        return np.sort(begin + offsets + self.rng.integers(0, 2 * HOUR, count))

    def _other_host(self, account: int) -> int:
        return int(self.accounts.home[self.rng.choice(self.users[self.users != account])])

    def _a(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.users))
        count = int(self.rng.integers(3, 9))
        home = int(self.accounts.home[account])
        ts = self._spread(day, malicious, count)
        if not malicious:
            target = self._unknown(account, count, self._rich_department(count))
            return account, rows(ts[: len(target)], account, home, target)
        target = self._unknown(account, count)
        steps = self.rng.random(len(target)) < 0.3
        target[steps] = self.rng.choice(self.users, steps.sum())
        source = np.concatenate([[home], target[:-1]])
        service = np.where(self.rng.random(len(target)) < 0.5, REMOTE, 0)
        return account, rows(ts, account, source, target, service=service)

    def _b(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        helpdesk = self.admins[self.admins % 2 == 0]
        account = int(self.rng.choice(self.admins if malicious else helpdesk))
        count = int(self.rng.integers(1, 4))
        controllers = self.habits.targets[-4:]
        target = self._known(account, count)
        if malicious:
            target = np.concatenate([target, self.rng.choice(controllers, 1)])
        ts = self._clock(day, malicious) + np.arange(len(target)) * 4 * MINUTE
        return account, rows(ts, account, self._other_host(account), target, service=REMOTE)

    def _c(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.users))
        target = self._known(account, int(self.rng.integers(1, 4)))
        if malicious:
            source = self._other_host(account)
            target = np.concatenate([target, self._unknown(account, int(self.rng.integers(0, 3)))])
        else:
            source = int(self.rng.choice(self.hosts.of(SHARED)))
        ts = self._clock(day, malicious) + np.arange(len(target)) * 7 * MINUTE
        return account, rows(ts, account, source, target)

    def _d(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.users))
        source = (
            self._other_host(account) if malicious else int(self.rng.choice(self.hosts.of(SHARED)))
        )
        target = self._known(account, 2)
        if malicious:
            target = np.concatenate([target, self._unknown(account, 1)])
        begin = self._clock(day, malicious)
        first = rows(np.array([begin]), account, source, -1, form=AS, etype=RC4)
        ts = begin + (1 + np.arange(len(target))) * 3 * MINUTE
        return account, np.concatenate([first, rows(ts, account, source, target)])

    def _e(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        count = int(self.rng.integers(30, 101))
        tried = self.rng.choice(self.users, count, replace=False)
        source = int(self.rng.choice(self.hosts.of(FOREIGN if malicious else VDI)))
        slow = bool(self.rng.random() < 0.5)
        gap = min(30 * MINUTE, 10 * HOUR // count) if slow else 3_000_000
        begin = self._clock(day, malicious)
        ts = begin + np.arange(count) * gap
        failures = rows(ts, tried, source, -1, form=AS, outcome=WRONG_PASSWORD)
        account = int(tried[-1])
        after = ts[-1] + np.arange(1, 4) * MINUTE
        success = rows(after[:1], account, source, -1, form=AS)
        target = self._known(account, 2)
        return account, np.concatenate(
            [failures, success, rows(after[1 : 1 + len(target)], account, source, target)]
        )

    def _f(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        count = int(self.rng.choice([1, 5, 50]))
        account = int(self.rng.choice(self.users if malicious else self.admins))
        spns = self.accounts.home[self.rng.choice(self.services, count, replace=False)]
        ts = self._clock(day, malicious) + np.sort(self.rng.integers(0, 4 * MINUTE, count))
        etype = RC4 if malicious else 0
        return account, rows(ts, account, int(self.accounts.home[account]), spns, etype=etype)

    def _g(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.services))
        count = int(self.rng.integers(1, 4))
        if malicious:
            source, target = self._other_host(account), self._unknown(account, count)
        else:
            source, target = (
                int(self.rng.choice(self.hosts.of(JUMP)[:-1])),
                self._known(account, count),
            )
        ts = self._clock(day, malicious) + np.arange(len(target)) * 5 * MINUTE
        return account, rows(ts, account, source, target, service=REMOTE)

    def _h(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.sleepers))
        count = int(self.rng.integers(2, 6))
        home = account if self.accounts.home[account] < 0 else int(self.accounts.home[account])
        source = self._other_host(account) if malicious else home
        target = self._in_role(account, count)
        if malicious:
            target = np.concatenate([target, self._unknown(account, 1)])
        begin = self._clock(day, malicious)
        ts = begin + (1 + np.arange(len(target))) * 6 * MINUTE
        first = rows(np.array([begin]), account, source, -1, form=AS)
        return account, np.concatenate([first, rows(ts, account, source, target)])

    def _i(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        exploring = self.users[np.argsort(self.accounts.novelty[self.users])[-200:]]
        account = int(self.rng.choice(self.users if malicious else exploring))
        count = int(self.rng.integers(15, 41))
        target = np.unique(
            np.concatenate([self._in_role(account, count), self._known(account, 10)])
        )
        ts = self._working_hour(day) + np.sort(self.rng.integers(0, 2 * HOUR, len(target)))
        return account, rows(ts, account, int(self.accounts.home[account]), target)

    def _j(self, day: int, _malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.users))
        target = self._in_role(account, int(self.rng.integers(2, 5)))
        ts = self._working_hour(day) + np.sort(self.rng.integers(0, 3 * HOUR, len(target)))
        return account, rows(ts, account, int(self.accounts.home[account]), target)

    def _k(self, day: int, malicious: bool) -> tuple[int, np.ndarray]:
        account = int(self.rng.choice(self.users))
        home = int(self.accounts.home[account])
        department = None if malicious else self._rich_department(5)
        target = self._unknown(account, 5, department)
        begin = self._working_hour(min(day, DAYS - 6 - 1))
        days = begin + np.arange(len(target)) * DAY
        last = begin + len(target) * DAY + np.arange(len(target)) * 5 * MINUTE
        source = np.concatenate([[home], target[:-1]]) if malicious else home
        first = rows(days, account, home, target)
        return account, np.concatenate([first, rows(last, account, source, target)])
