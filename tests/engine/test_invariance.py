"""Replay equals live: any split of the events into batches, in any order of arrival within the
lateness, gives the same alerts with the same ids as all events at once, whoever has no turn at which
ticks.

Streams are sparse and lie near the thresholds: dense ones hide the faults.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.schema.kerberos import KerberosAs
from dsl.schema.ntlm import NtlmAuth
from engine.entities_rows import FOREVER
from engine.lateness import WIRE_US
from engine.run import Engine
from engine.store import Store
from engine.turns import Turns

S = 1_000_000
BASE = 1_767_614_400_000_000
STEP = 10 * S
"""Events lie on this grid, as the windows do, so that boundaries are met."""

BLOCKS = {
    "match": """
m = match ntlm_auth where outcome == wrong_password
alert m as (source: source, actor: account) dedup 30s by source
""",
    "window": """
f = match ntlm_auth where outcome == wrong_password
w = window f by source over 1m compute n := count(), users := count_distinct(account), names := set(account) having n >= 3
alert w as (source: source, attacked: names) severity case(n > 3 -> high, else low) dedup 1m by source
""",
    "window_below": """
w = window ntlm_auth by source over 1m compute n := count(), bad := count() where outcome == wrong_password having n >= 2 and bad < 2
alert w as (source: source) dedup 1m by source
""",
    "tumbling": """
w = window ntlm_auth by source over 1m tumbling compute n := count(), last_one := last(account) having n >= 2
alert w as (source: source, actor: last_one) dedup 2m by source
""",
    "session": """
w = window ntlm_auth by source over 20s session compute n := count(), names := set(account) having n >= 3
alert w as (source: source, attacked: names) dedup 1m by source
""",
    "sequence": """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
s = sequence by source within 1m: f as a x 2 then ok as b where b.account == a.account
alert s as (source: source, actor: b.account) dedup 1m by source
""",
    "sequence_not": """
f = match ntlm_auth where outcome == wrong_password
n = match ntlm_auth where outcome == success
ok = match kerberos_as where outcome == success
s = sequence by source within 1m: f as a then not n then ok as b
alert s as (source: source, actor: b.account) dedup 1m by source
""",
    "following": """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
a = absence of ok following f by source within 30s
alert a as (source: source, actor: account) dedup 1m by source
""",
    "preceding": """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
a = absence of ok preceding f by source within 30s
alert a as (source: source, actor: account) dedup 1m by source
""",
    "join": """
f = match ntlm_auth where outcome == wrong_password
j = join f with kerberos_as on source within 30s around keep account as other
alert j as (source: source, actor: other) dedup 1m by source
""",
    "join_optional": """
f = match ntlm_auth where outcome == wrong_password
j = join f with kerberos_as on source within 30s after optional keep account as other
alert j as (source: source, actor: other) when other is null dedup 1m by source
""",
    "union": """
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
u = union f, ok
w = window u by source over 30s compute n := count(), names := set(account) having n >= 3
alert w as (source: source, attacked: names) dedup 30s by source
alert f as (source: source, actor: account) severity low dedup 30s by source
""",
    "score": """
w = window ntlm_auth by source over 1m compute n := count(), bad := count() where outcome == wrong_password, names := set(account)
s = score w: n >= 3 -> +40 "many" bad >= 2 -> +30 "wrong" len(names) == 1 -> -10 "one"
alert s as (source: source, points: points, reasons: reasons) when points >= 60 severity case(points > 65 -> high, else low) dedup 1m by source
""",
    "profile": """
usual = profile of ntlm_auth by source bucket 10s over 1m learn n := count(), known := set(account), bad := count() where outcome == wrong_password
odd = match ntlm_auth where usual.cold or usual.n > 3 or not (account in usual.known) or usual.bad.mean > 1 or usual.first_seen > ts - 20s
alert odd as (source: source, actor: account, usual: usual.known, n: usual.n) dedup 1m by source
""",
    "profile_score": """
usual = profile of ntlm_auth by source bucket 10s over 1m learn n := count(), known := set(account)
f = match ntlm_auth where outcome == wrong_password
ok = match kerberos_as where outcome == success
a = absence of ok following f by source within 30s
s = score a: account in usual.known -> -20 "known" usual.n.max >= 2 -> +10 "busy" usual.n == 0 -> +30 "new" covered -> +5
alert s as (source: source, points: points, reasons: reasons) when points > 10 dedup 1m by source
""",
    "chain": """
f = match ntlm_auth where outcome == wrong_password
w = window f by source over 30s compute n := count(), names := set(account) having n >= 2
s = sequence by source within 1m: w as a then kerberos_as as b where b.account in a.names
alert s as (source: source, actor: b.account) severity high dedup 1m by source
""",
}


@dataclass(frozen=True)
class Arrival:
    """An event of the stream and how late it comes."""

    tick: int
    delay: int
    kind: type
    source: str
    account: str
    outcome: str


arrivals = st.builds(
    Arrival,
    tick=st.integers(0, 30),
    delay=st.integers(0, WIRE_US // S - 1),
    kind=st.sampled_from([NtlmAuth, NtlmAuth, KerberosAs]),
    source=st.sampled_from(["w1", "w1", "w2"]),
    account=st.sampled_from(["u1", "u2"]),
    outcome=st.sampled_from(["wrong_password", "wrong_password", "success"]),
)


def events_of(stream):
    """(arrival time, event) of a stream; the sensor numbers them as they happened."""
    placed = sorted(stream, key=lambda a: a.tick)
    for seq, a in enumerate(placed):
        ts = BASE + a.tick * STEP
        yield (
            ts + a.delay * S,
            a.kind(
                ts=ts, sensor="s", seq=seq, via="wire", domain="x",
                source=a.source, account=a.account, outcome=a.outcome,
            ),
        )  # fmt: skip


def engine_of(rule, compiled, store=None, **options):
    engine = Engine(
        store or Store(), [rule], compile_detection=lambda _: compiled,
        directory_settled=FOREVER, as_written=True, **options,
    )  # fmt: skip
    engine.coverage.declare(["ntlm_auth", "kerberos_as"])
    return engine


def shown(engine):
    """The alerts that stand, without numbers and event ids, which tell of the arrival."""
    standing = [a for a in engine.alerts() if a.status == "open"]
    seqs = {a.id: [e.seq for e in engine.store.events(a.evidence)] for a in standing}
    engine.store.close()
    return {
        a.id: (
            a.first_row, a.last_row, a.first_seen, a.count, a.severity, a.confidence,
            str(a.roles), str(a.varied), a.evidence_count, str(seqs[a.id]),
        )
        for a in standing
    }  # fmt: skip


class Fickle(Turns):
    """Turns as they come: `given` again and again while there is too little time."""

    def __init__(self, given):
        super().__init__()
        self.given = cycle(given)
        self.scarce = False

    def begin(self, seconds):
        self.scarce = seconds is not None
        super().begin(None)

    def over(self):
        return self.scarce and not next(self.given)

    def pieces(self, name, owed, begun=0):
        return (begun or 4) if self.scarce and next(self.given) else 1

    @contextmanager
    def turn(self, name, line=0, *, free=False):
        yield free or not self.scarce or next(self.given)


def check(rule, compiled, stream, cuts, turns):
    placed = list(events_of(stream))
    at_once = engine_of(rule, compiled)
    at_once.ingest([e for _, e in placed])
    at_once.tick(final=True)
    live = engine_of(rule, compiled)
    live.turns = Fickle(turns)
    by_arrival = [e for _, e in sorted(placed, key=lambda p: p[0])]
    ends = sorted({min(c, len(by_arrival)) for c in cuts} | {len(by_arrival)})
    begin = 0
    for end in ends:
        live.ingest(by_arrival[begin:end])
        live.tick(seconds=1)
        begin = end
    live.tick(final=True)
    assert not live.watermarks.late
    assert shown(live) == shown(at_once)


def property_of(rule, compiled, examples):
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        st.lists(arrivals, min_size=2, max_size=12),
        st.lists(st.integers(1, 12), max_size=4),
        st.lists(st.booleans(), min_size=1, max_size=4),
    )
    def holds(stream, cuts, turns):
        check(rule, compiled, stream, cuts, turns)

    return holds


@pytest.mark.parametrize("name", BLOCKS)
def test_replay_equals_live(name, rule_of):
    property_of(*rule_of(name, BLOCKS[name]), 4)()


@pytest.mark.parametrize("name", ["window", "following"])
def test_a_restart_between_batches_changes_nothing(name, rule_of, tmp_path_factory):
    rule, compiled = rule_of(name, BLOCKS[name])

    @settings(max_examples=4, deadline=None, database=None)
    @given(st.lists(arrivals, min_size=4, max_size=12), st.integers(1, 12), st.booleans())
    def holds(stream, cut, served):
        path = tmp_path_factory.mktemp("restart") / "store.duckdb"
        placed = [e for _, e in sorted(events_of(stream), key=lambda p: p[0])]
        at_once = engine_of(rule, compiled)
        at_once.ingest(placed)
        at_once.tick(final=True)
        live = engine_of(rule, compiled, Store(path), keep=True)
        live.turns = Fickle([served])
        live.ingest(placed[:cut])
        live.tick(seconds=1)
        live.ingest(placed[cut : cut + 2])
        live.store.close()
        live = engine_of(rule, compiled, Store(path), keep=True)
        live.ingest(placed)
        live.tick()
        live.tick(final=True)
        assert shown(live) == shown(at_once)

    holds()


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOCKS)
def test_replay_equals_live_at_length(name, rule_of):
    property_of(*rule_of(name, BLOCKS[name]), 60)()
