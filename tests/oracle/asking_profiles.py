"""Detections that ask profiles, by name, and how many streams of events the tests try each on."""

import os

from hypothesis import HealthCheck, Phase, settings

MANY = settings(
    max_examples=int(os.environ.get("ATP_EXAMPLES", "4")), deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
FEW = settings(MANY, max_examples=2)
QUICK = ["known", "ready"]
"""Those that are tried in every run."""

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
