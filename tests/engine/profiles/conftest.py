"""Streams of events, and engines that take them, for the tests of what profiles learn."""

from dataclasses import dataclass

import pytest
from hypothesis import strategies as st

from dsl.given_directory import DirectoryObject
from dsl.schema.kerberos import KerberosAs
from dsl.schema.ntlm import NtlmAuth
from engine.directory_file import DirectoryFile
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.run import Engine
from engine.store import Store

S = 1_000_000
HOUR = 3_600 * S
BASE = 1_767_614_400 * S

BLOCKS = {
    "known": """
usual = profile of ntlm_auth by account bucket 1h over 5h learn hosts := set(source), n := count()
odd = match ntlm_auth where not source in usual.hosts and usual.n >= 1
alert odd as (source: source, actor: account, seen: usual.hosts) dedup 1m by source, actor
""",
    "statistics": """
usual = profile of ntlm_auth by source bucket 1h over 4h learn
  miss := count_distinct(account) where outcome == wrong_password, ports := sum(src_port), sizes := values(src_port)
w = window ntlm_auth by source over 30m compute n := count(), names := set(account)
odd = match w where n > usual.n.mean or usual.cold
alert odd as (source: source, m: usual.miss.max, p: usual.ports.p95, s: usual.ports, v: usual.sizes.median, b: usual.buckets, f: usual.first_seen, d: usual.n.std)
  dedup 1m by source
""",
    "chained": """
usual = profile of ntlm_auth by account bucket 1h over 3h learn last_one := last(source), least := min(src_port), share := count() where src_port > 1
odd = match ntlm_auth where usual.last_one != source
other = profile of odd by source bucket 2h over 6h learn who := set(account)
new = match kerberos_as where other.who has "u1" or usual.share >= 1
s = sequence by source within 2h: odd as a then new as b where b.account != a.account
alert s as (source: source, actor: b.account) dedup 1m by source
alert new as (source: source, actor: account, who: other.who, l: usual.least, h: usual.hour_share(ts)) severity low dedup 1m by source
""",
    "ready": """
usual = profile of ntlm_auth by source, account bucket 30m over 2h learn n := count() ready n >= 2 and age >= 1h
odd = match ntlm_auth where usual.n < 4
alert odd as (source: source, actor: account, n: usual.n, a: usual.last_seen) dedup 1m by source, actor
""",
    "of rows that take time": """
w = window ntlm_auth by source over 40m compute n := count(), names := count_distinct(account) having n < 3
gone = absence of kerberos_as following ntlm_auth by source within 45m
usual = profile of w by source bucket 1h over 4h learn most := max(names), first_one := first(n)
quiet = profile of gone by source bucket 90s over 3h learn n := count()
odd = match ntlm_auth where not usual.cold or quiet.n > 0
alert odd as (source: source, most: usual.most, mean: usual.most.mean, one: usual.first_one, q: quiet.n, qs: quiet.n.max) dedup 1m by source
""",
    "peers": """
usual = profile of ntlm_auth by account bucket 1h over 4h learn hosts := set(source), n := count() peers by account.department
odd = match kerberos_as where usual.peers.size >= 1
alert odd as (source: source, actor: account, hosts: usual.peers.hosts, size: usual.peers.size, most: usual.peers.n.max) dedup 1m by actor
""",
    "peers of few": """
usual = profile of ntlm_auth by account bucket 1h over 4h learn hosts := set(source), n := count() ready n >= 1 peers by account.department
odd = match ntlm_auth where usual.peers.n.max >= 1 and not source in usual.hosts and usual.ready and not source in usual.peers.hosts
  let others := usual.peers.hosts
alert odd as (source: source, actor: account, hosts: others, n: usual.n) dedup 1m by actor
""",
}


MOVED = BASE + 5 * HOUR + HOUR // 3
"""When u2 went from one department to another, and came back a little later."""
PEOPLE = (
    *(DirectoryObject("account", f"u{i}@x", {"department": "d"}) for i in range(50) if i != 2),
    DirectoryObject("account", "u2@x", {"department": "d"}, valid_to=MOVED),
    DirectoryObject(
        "account", "u2@x", {"department": "e"}, valid_from=MOVED, valid_to=MOVED + 2 * HOUR
    ),
    DirectoryObject("account", "u2@x", {"department": "d"}, valid_from=MOVED + 2 * HOUR),
)


@dataclass(frozen=True)
class Arrival:
    """An event of the stream and how late it comes, in seconds."""

    tick: int
    second: int
    delay: int
    kind: type
    source: str
    account: str
    outcome: str
    port: int | None

    def event(self, seq):
        return self.kind(
            ts=BASE + self.tick * HOUR // 2 + self.second * S, sensor="s", seq=seq, via="wire",
            domain="x", source=self.source, account=self.account, outcome=self.outcome,
            src_port=self.port,
        )  # fmt: skip


arrivals = st.builds(
    Arrival,
    tick=st.integers(0, 24),
    second=st.sampled_from([0, 0, 20, 40, 59, 60, 119, 600, 1799]),
    delay=st.integers(0, 59),
    kind=st.sampled_from([NtlmAuth, NtlmAuth, NtlmAuth, KerberosAs]),
    source=st.sampled_from(["w1", "w1", "w2", "w3"]),
    account=st.sampled_from(["u1@x", "u1@x", "u2@x"]),
    outcome=st.sampled_from(["wrong_password", "success"]),
    port=st.sampled_from([1, 2, 7, None]),
)


@pytest.fixture(scope="session")
def blocks():
    """Detections that ask profiles, by name."""
    return BLOCKS


@pytest.fixture(scope="session")
def streams():
    """Lists of events, each with the time at which it arrives, in the order of `ts`."""

    def placed(stream):
        made = sorted(stream, key=lambda a: (a.tick, a.second))
        events = [(a.event(seq), a.delay) for seq, a in enumerate(made)]
        return [(e.ts + delay * S, e) for e, delay in events]

    return st.lists(arrivals, min_size=6, max_size=25).map(placed)


@pytest.fixture(scope="session")
def engine_of():
    """Rule, its compiled form, store [, options] -> engine; its sources were alive all the time."""

    def build(rule, compiled, store=None, **options):
        engine = Engine(
            store or Store(), [rule], compile_detection=lambda _: compiled,
            directory=directory_of(DirectoryFile(PEOPLE, ())), directory_settled=FOREVER, as_written=True, **options,
        )  # fmt: skip
        engine.coverage.declare(["ntlm_auth", "kerberos_as"], BASE - HOUR)
        return engine

    return build
