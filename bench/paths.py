"""How long lateral movement paths take in a large domain: `python -m bench.paths`.

A domain of 20,000 accounts on 15,000 hosts in two days: tickets of each from one to four hosts,
helpdesks that administer a thousand hosts each, local administrators, and forty domain admins who
left credentials on a hundred of them. The ratio is to the time that a copy of the session table takes.
"""

from __future__ import annotations

import random
import time

import pyarrow as pa

from engine.paths.found import find
from engine.store import Store

ACCOUNTS, HOSTS, EVENTS = 20_000, 15_000, 1_000_000
DAY = 86_400_000_000
AT = 20_000 * DAY
FOREVER = 2**63 - 1


def filled() -> Store:
    """A store that holds the domain."""
    rng = random.Random(1)
    store = Store()
    run = store.connection.execute
    accounts = [f"user{i}@corp.test" for i in range(ACCOUNTS)]
    hosts = [f"pc{i}.corp.test" for i in range(HOSTS)]
    admins = accounts[:40]
    home = {a: rng.sample(hosts, rng.randint(1, 4)) for a in accounts}
    who = rng.choices(accounts[40:], k=EVENTS)
    rows = [(a, rng.choice(home[a]), AT - rng.randrange(2 * DAY)) for a in who]
    rows += [(rng.choice(admins), rng.choice(hosts), AT - 1) for _ in range(100)]
    columns = list(zip(*rows, strict=True))
    store.connection.register("made", pa.table(dict(zip(("a", "h", "t"), columns, strict=True))))
    run(
        "INSERT INTO kerberos_tgs (account, source, ts, outcome) SELECT a, h, t, 'success' FROM made"
    )
    run("INSERT INTO dir_domain VALUES ('corp.test', 'corp', NULL, NULL)")
    objects = [(a, "account", a in admins) for a in accounts]
    objects += [(f"helpdesk{i}@corp.test", "group", False) for i in range(15)]
    keys, kinds, sensitive = zip(*objects, strict=True)
    store.connection.register("known", pa.table({"k": keys, "c": kinds, "s": sensitive}))
    run(
        f"INSERT INTO dir_object (key, kind, sensitive, valid_from, valid_to) SELECT k, c, s, 0, {FOREVER} FROM known"
    )
    members = [
        (f"helpdesk{i}@corp.test", a) for i in range(15) for a in rng.sample(accounts[40:], 200)
    ]
    members += [(f"administrators@pc{i}", f"helpdesk{i % 15}@corp.test") for i in range(HOSTS)]
    members += [
        (f"administrators@pc{i}", rng.choice(accounts[40:])) for i in range(HOSTS) for _ in range(2)
    ]
    groups, inside = zip(*members, strict=True)
    store.connection.register("inside", pa.table({"g": groups, "m": inside}))
    run(f"INSERT INTO dir_member SELECT DISTINCT g, m, 0, {FOREVER} FROM inside")
    return store


def main() -> None:
    store = filled()
    begun = time.process_time()
    store.connection.execute("CREATE TABLE copied AS SELECT account, source, ts FROM kerberos_tgs")
    peer = time.process_time() - begun
    begun = time.process_time()
    found = find(store.connection, AT)
    taken = time.process_time() - begun
    print(
        f"{ACCOUNTS:,} accounts, {EVENTS:,} tickets: {found.sessions:,} sessions, "
        f"{found.rights:,} rights, {found.reaching:,} accounts reach {found.targets} in "
        f"{taken:.2f} s of work, {taken / peer:.0f} × a copy of the tickets"
    )


if __name__ == "__main__":
    main()
