"""What it costs to ask a profile of 30 days: from what was learnt, and from the events themselves.

Run: `.venv/bin/python bench/profiles.py [events]`. Rows of the last minute are computed both ways (they
must be equal), over the given number of events (1,000,000) and over a tenth of them in a tenth of the
time, so that the minute is the same; then what learning costs: the history, and one more minute.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "oracle"))

from planned import planned

from engine.backends.duckdb import compile_detection
from engine.profiles.memory import Memory, News
from engine.store import Store
from engine.turns import Turns

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1_440 * MINUTE
BEGIN = 1_700_006_400 * SECOND
GAP = 2_592_000
"""A million events in 30 days."""
RULE = """\
usual = profile of ntlm_auth by account bucket 1d over 30d
  learn hosts := set(source), n := count(), ports := count_distinct(src_port)
odd = match ntlm_auth where not source in usual.hosts and usual.n.mean > 0
alert odd as (source: source, hosts: usual.hosts, p: usual.ports.p95) dedup 1h by source"""


def filled(count: int) -> Store:
    """A store of `count` events: 2,000 accounts, each with some of 500 sources."""
    store = Store()
    store.connection.execute(
        """INSERT INTO ntlm_auth
            (ts, id, seq, sensor, "primary", source, account, src_port, outcome, tie)
        SELECT $begin + i * $gap, i + 1, i, 's', TRUE,
            'h' || ((hash(i * 3) % 2000 + hash(i * 7) % 5) % 500), 'u' || (hash(i * 3) % 2000),
            hash(i * 11) % 60000, 'success', i
        FROM range($count) t(i)""",
        {"begin": BEGIN, "count": count, "gap": GAP},
    )
    return store


def spent(what: object, times: int) -> float:
    """Least milliseconds of several calls."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        what()  # type: ignore[operator]
        found.append(time.perf_counter() - begin)
    return min(found) * 1000


def measure(count: int) -> None:
    """One line of asking, one of learning."""
    plan, found = planned(RULE)
    assert plan is not None, found
    compiled = compile_detection(plan)
    alert, (learning,) = compiled.alerts[0], compiled.learnings
    store = filled(count)
    memory = Memory(store.parts)
    last = BEGIN + (count - 1) * GAP
    mark = last - last % MINUTE - MINUTE
    news = News(count, {}, None, last)
    begin = time.perf_counter()
    steps = 0
    while not memory.known or memory.known[learning.profile.hash].progress.through < mark:
        memory.keep_up([(learning, mark)], store, news, Turns())
        steps += 1
    history = time.perf_counter() - begin
    low = last - MINUTE
    remembered = alert.rows(store.connection, low, last, memory)
    assert remembered == alert.rows(store.connection, low, last), "not what the events say"
    asked = spent(lambda: alert.rows(store.connection, low, last, memory), 7)
    whole = spent(lambda: alert.rows(store.connection, low, last), 3)
    minute = spent(lambda: memory.keep_up([(learning, mark + MINUTE)], store, news, Turns()), 1)
    print(f"{count:>11,} events: from what was learnt {asked:7.1f} ms, from the events {whole:8.1f} ms,"
          f" ratio {whole / asked:5.1f}")  # fmt: skip
    print(
        f"{'':>11}  history learnt in {history:.1f} s ({steps} steps), one more minute {minute:.1f} ms"
    )
    store.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for each in (count // 10, count):
        measure(each)


if __name__ == "__main__":
    main()
