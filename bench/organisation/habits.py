"""Who uses which server how often: a matrix of daily probabilities, and how it drifts.

Rows are accounts, columns are servers, jump hosts and domain controllers (`targets`).
"""

from __future__ import annotations

import numpy as np

from organisation import calendar
from organisation.people import (
    ADMIN,
    COMMON,
    CONTROLLER,
    DEPARTMENTS,
    IT,
    MERGED,
    SERVER,
    SERVICE,
    USER,
    People,
)  # fmt: skip


class Habits:
    """`daily[a, t]`: probability that account `a` uses target `t` on a working day."""

    def __init__(self, people: People, rng: np.random.Generator) -> None:
        self.people, self._rng = people, rng
        hosts = people.hosts
        self.targets = np.concatenate([hosts.of(SERVER), hosts.of(CONTROLLER)])
        self.column = np.full(len(hosts), -1)
        self.column[self.targets] = np.arange(len(self.targets))
        self.popular = rng.permuted(1.0 / np.arange(1, len(self.targets) + 1) ** 0.8)
        self.popular[self.column[people.new_server]] = 0.0
        self.popular[self.column[hosts.of(CONTROLLER)]] = 0.0
        self.daily = np.zeros((len(people.accounts), len(self.targets)), np.float32)
        self.month_end = rng.choice(len(self.targets) - 10, 3, replace=False)
        self.closing = rng.choice(DEPARTMENTS, 2, replace=False)
        for account in range(len(people.accounts)):
            self.learn(account, int(people.accounts.department_before[account]))
        self._scheduled()

    def learn(self, account: int, department: int) -> None:
        """Give an account the habits of a department, keeping half of what it had."""
        rng, kind = self._rng, self.people.accounts.kind[account]
        if kind not in {USER, ADMIN}:
            return
        row = self.daily[account]
        row[rng.random(len(row)) < 0.5] = 0.0
        often = rng.beta(0.7, 1.3, COMMON) * (rng.random(COMMON) < 0.5)
        row[:COMMON] = np.maximum(row[:COMMON], often)
        own = self.of_department(department)
        count = min(len(own), int(rng.integers(3, 9)) * (3 if kind == ADMIN else 1))
        if count:
            chosen = rng.choice(own, count, replace=False, p=self._weights(own))
            row[chosen] = np.clip(rng.beta(0.6, 1.4, count), 0.02, 0.95)
        for other in rng.choice(len(row), rng.integers(0, 3)):
            row[other] = max(row[other], float(rng.uniform(0.02, 0.4)) * (self.popular[other] > 0))
        if kind == ADMIN:
            row[-4:] = rng.beta(0.8, 3.0, 4)

    def of_department(self, department: int) -> np.ndarray:
        """Columns of a department's servers; the merged company uses common ones."""
        if department == MERGED:
            return np.arange(COMMON // 2, COMMON)
        if department > DEPARTMENTS:
            return np.arange(0)
        return np.flatnonzero(self.people.hosts.department[self.targets] == department)

    def new_targets(self, account: int, department: int, count: int) -> np.ndarray:
        """Columns that the account has no habit of: mostly of its department, by popularity."""
        rng, found = self._rng, []
        own = self.of_department(department if self.people.accounts.kind[account] != ADMIN else IT)
        for _ in range(count):
            pool = own if len(own) and rng.random() < 0.75 else np.arange(len(self.targets))
            pool = pool[(self.daily[account, pool] == 0) & (self.popular[pool] > 0)]
            if len(pool):
                found.append(rng.choice(pool, p=self._weights(pool)))
        return np.unique(np.array(found, np.int64))

    def adopt(self, account: int, columns: np.ndarray) -> None:
        """Some of what was new becomes a habit."""
        stays = columns[self._rng.random(len(columns)) < 0.3]
        self.daily[account, stays] = self._rng.uniform(0.1, 0.6, len(stays))

    def drift(self, day: int) -> None:
        """Movers, the roll-out of a server, the merged company: before the day begins."""
        accounts = self.people.accounts
        moved = accounts.department != accounts.department_before
        for account in np.flatnonzero(moved & (accounts.department_from == day)):
            self.learn(int(account), int(accounts.department[account]))
        if day >= calendar.ROLLOUT:
            column = self.column[self.people.new_server]
            for department in self.people.rollout:
                members = np.flatnonzero(accounts.in_department(day) == department)
                adopting = members[self._rng.random(len(members)) < 0.2]
                self.daily[adopting, column] = 0.7
        if day == calendar.MERGER:
            merged = np.flatnonzero(accounts.department == MERGED)
            accounts.begins[merged] = np.maximum(accounts.begins[merged], day)

    def _weights(self, columns: np.ndarray) -> np.ndarray:
        weights = self.popular[columns] + 1e-6
        return weights / weights.sum()

    def _scheduled(self) -> None:
        accounts, rng = self.people.accounts, self._rng
        for account in np.flatnonzero(accounts.kind == SERVICE):
            self.daily[account, rng.choice(len(self.targets) - 10, rng.integers(1, 7))] = 1.0
        accounts.begins[accounts.department == MERGED] = calendar.MERGER
