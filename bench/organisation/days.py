"""One ordinary day: every account's uses of servers, with the sources, times and oddities of life.

A day is a table of rows (`ROW`): who, from where, to what, in which form; numbers of `people`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from organisation import calendar
from organisation.calendar import BEGIN, DAY, HOUR
from organisation.people import ADMIN, JUMP, NAT, SCANNER, SERVICE, SHARED, USER, VDI

if TYPE_CHECKING:
    from organisation.habits import Habits

AS, TGS, NTLM, LOGON = range(4)
SUCCESS, WRONG_PASSWORD = range(2)
AES, RC4 = range(2)
FILE, REMOTE, HOST = range(3)
"""Classes of service: cifs, TERMSRV, host."""
ROW = np.dtype(
    [
        ("ts", "i8"), ("account", "i4"), ("source", "i4"), ("target", "i4"), ("form", "i1"),
        ("service", "i1"), ("etype", "i1"), ("outcome", "i1"), ("plant", "i4"),
    ]
)  # fmt: skip
"""`target` is a host number, -1 the domain's ticket service. `plant` is a label: -1 an ordinary row."""


def rows(
    ts: np.ndarray, account: object, source: object, target: object, **more: object
) -> np.ndarray:
    """A table of rows; whatever is not named is 0 (success, AES, TGS by default)."""
    table = np.zeros(len(ts), ROW)
    table["form"], table["plant"] = TGS, -1
    for name, value in {
        "ts": ts,
        "account": account,
        "source": source,
        "target": target,
        **more,
    }.items():
        table[name] = value
    return table


def ordinary_day(habits: Habits, day: int, rng: np.random.Generator) -> np.ndarray:
    """All rows of a day, in time order."""
    habits.drift(day)
    people = habits.people
    accounts = people.accounts
    alive = (accounts.begins <= day) & (day < accounts.ends)
    at_work = alive & np.where(
        accounts.kind == USER, rng.random(len(accounts)) < 0.92 * calendar.works(day),
        rng.random(len(accounts)) < max(calendar.works(day), 0.15),
    )  # fmt: skip
    people_at_work = np.flatnonzero(at_work & np.isin(accounts.kind, (USER, ADMIN)))
    usual = rng.random((len(people_at_work), habits.daily.shape[1])) < habits.daily[people_at_work]
    if day in calendar.MONTH_ENDS:
        closing = np.isin(accounts.in_department(day)[people_at_work], habits.closing)
        usual[np.ix_(closing, habits.month_end)] |= rng.random((closing.sum(), 3)) < 0.7
    who, column = np.nonzero(usual)
    who = people_at_work[who]
    new_who, new_column = _novelty(habits, day, people_at_work, rng)
    who, column = np.concatenate([who, new_who]), np.concatenate([column, new_column])
    source = _sources(habits, day, rng)
    table = rows(
        _times(habits, day, who, rng), who, source[who], habits.targets[column],
        service=np.where((accounts.kind[who] == ADMIN) & (rng.random(len(who)) < 0.5), REMOTE, FILE),
    )  # fmt: skip
    _protocols(table, habits, rng)
    parts = [
        table,
        _first_logons(table, rng),
        _failures(table, day, rng),
        _schedules(habits, day, rng),
        _helpdesk(habits, day, people_at_work, rng),
        *_campaigns_of_the_house(habits, day, rng),
    ]
    done = np.concatenate(parts)
    return done[np.argsort(done["ts"], kind="stable")]


def _novelty(
    habits: Habits, day: int, who: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    accounts = habits.people.accounts
    department = accounts.in_department(day)
    counts = rng.poisson(accounts.novelty[who])
    found_who, found = [], []
    for account, count in zip(who[counts > 0], counts[counts > 0], strict=True):
        columns = habits.new_targets(int(account), int(department[account]), int(count))
        habits.adopt(int(account), columns)
        found_who.append(np.full(len(columns), account))
        found.append(columns)
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(found_who), np.concatenate(found)


def _sources(habits: Habits, day: int, rng: np.random.Generator) -> np.ndarray:
    """The host each account works from this day: mostly its own; a shared one, a colleague's, or
    an address that could not be resolved."""
    accounts, hosts = habits.people.accounts, habits.people.hosts
    source = accounts.home.copy()
    virtual = source < 0
    source[virtual] = rng.choice(hosts.of(VDI), virtual.sum())
    chance = rng.random(len(accounts))
    person = accounts.kind == USER
    shared = person & (chance < 0.012)
    source[shared] = rng.choice(hosts.of(SHARED), shared.sum())
    behind = person & (chance > 0.988)
    source[behind] = rng.choice(hosts.of(NAT), behind.sum())
    lent = np.flatnonzero(person & (chance > 0.012) & (chance < 0.016))
    source[lent] = rng.permutation(lent)
    if day >= calendar.NEW_JUMP:
        moving = (accounts.kind == ADMIN) & (rng.random(len(accounts)) < 0.5)
        moving &= np.isin(accounts.home, hosts.of(JUMP))
        source[moving] = habits.people.new_jump
    return source


def _times(habits: Habits, day: int, who: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    start = habits.people.accounts.start_hour[who]
    hour = start + rng.beta(1.1, 1.4, len(who)) * 9.0
    late = rng.random(len(who)) < 0.006
    hour[late] = rng.uniform(18.0, 23.5, late.sum())
    return BEGIN + day * DAY + (hour * HOUR).astype(np.int64)


def _protocols(table: np.ndarray, habits: Habits, rng: np.random.Generator) -> None:
    hosts = habits.people.hosts
    chance = rng.random(len(table))
    table["etype"] = np.where(hosts.only_rc4[table["target"]], RC4, AES)
    table["form"] = np.where(hosts.only_ntlm[table["target"]] | (chance < 0.008), NTLM, TGS)


def _first_logons(table: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The AS exchange before the first use of the day, from the same host."""
    ordered = table[np.argsort(table["ts"], kind="stable")]
    _, first = np.unique(ordered["account"], return_index=True)
    logons = ordered[first].copy()
    logons["ts"] -= rng.integers(1, 600, len(logons)) * 1_000_000
    logons["form"], logons["target"], logons["service"], logons["etype"] = AS, -1, FILE, AES
    return logons


def _failures(table: np.ndarray, day: int, rng: np.random.Generator) -> np.ndarray:
    """Mistyped passwords; many in the days after the reset of many."""
    rate = 0.012 if day not in {calendar.RESET_WAVE, calendar.RESET_WAVE + 1} else 0.08
    wrong = table[rng.random(len(table)) < rate].copy()
    wrong["ts"] -= rng.integers(1, 120, len(wrong)) * 1_000_000
    wrong["form"], wrong["target"], wrong["outcome"] = AS, -1, WRONG_PASSWORD
    return wrong


def _schedules(habits: Habits, day: int, rng: np.random.Generator) -> np.ndarray:
    """Service accounts: the same targets from the same host at fixed hours of every day."""
    accounts = habits.people.accounts
    services = np.flatnonzero(accounts.kind == SERVICE)
    who, column = np.nonzero(habits.daily[services])
    who = services[who]
    hour = (who * 7 + column * 3) % 24
    ts = BEGIN + day * DAY + hour * HOUR + rng.integers(0, 300_000_000, len(who))
    table = rows(ts, who, accounts.home[who], habits.targets[column])
    table["etype"] = np.where(habits.people.hosts.only_rc4[table["target"]], RC4, AES)
    return table


def _helpdesk(
    habits: Habits, day: int, at_work: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Half of the administrators mend workstations: their account appears there, then on a server."""
    accounts = habits.people.accounts
    admins = at_work[accounts.kind[at_work] == ADMIN]
    mending = np.repeat(admins[admins % 2 == 0], 2)
    mending = mending[rng.random(len(mending)) < 0.15]
    users = np.flatnonzero(accounts.kind == USER)
    source = rng.choice(users, len(mending))
    target = [habits.targets[rng.choice(np.flatnonzero(habits.daily[a] > 0.05))] for a in mending]
    return rows(_times(habits, day, mending, rng), mending, source, target or 0)


def _campaigns_of_the_house(habits: Habits, day: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The scanner on Sundays, the patch night."""
    people, parts = habits.people, []
    servers = habits.targets[:-4]
    if calendar.sunday(day):
        scanner = np.flatnonzero(people.accounts.kind == SCANNER)[0]
        ts = BEGIN + day * DAY + 2 * HOUR + np.arange(len(servers)) * 20_000_000
        parts.append(rows(ts, scanner, people.scanner_host, servers, form=NTLM))
    if day in calendar.PATCH_NIGHTS:
        admins = rng.choice(np.flatnonzero(people.accounts.kind == ADMIN), 5, replace=False)
        touched = servers[rng.random(len(servers)) < 0.6]
        ts = BEGIN + day * DAY + 22 * HOUR + np.sort(rng.integers(0, 4 * HOUR, len(touched)))
        who = rng.choice(admins, len(touched))
        jump = people.hosts.of(JUMP)[0]
        parts.append(rows(ts, who, jump, touched, service=REMOTE))
    return parts
