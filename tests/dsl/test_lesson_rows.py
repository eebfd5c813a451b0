"""What tests say that profiles have learnt: what cannot be learnt is told at its place."""

from __future__ import annotations

import pytest

from dsl.check import check
from dsl.load import load
from dsl.teach import teach

RULE = """atp: 1
id: r
version: 1
title: t
severity: low
confidence: 50
kill_chain: credential_access
mitre: [T1110]
description: d
false_positives: [f]
known_gaps: [g]
detect: |
  usual = profile of kerberos_as by account, source bucket 1d over 30d
            learn n := count(), hosts := count_distinct(dc), known := set(dc), size := values(src_port),
                  sizes := sum(src_port), best := last(etype), waits := max(ts - start)
  t = match kerberos_as where usual.n > 3
  alert t as (actor: account)
explain: An example.
tests:
  - name: example
    profile:
      usual:
        - {ENTRY}
    given:
      - {kerberos_as: {account: alice, source: ws1}}
    expect: []
"""
KEY = "key: {account: alice, source: ws1}"


def checked(tmp_path, entry, replaced=("", "")):
    path = tmp_path / "credential_access" / "r.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(RULE.replace("{ENTRY}", entry).replace(*replaced), encoding="utf-8")
    catalogue = load([path])
    assert not catalogue.diagnostics.errors
    detection = catalogue.detections["r"]
    built, more = check(detection, {}, {})
    return detection, built, [d for d in more if d.severity == "error"]


@pytest.mark.parametrize(
    ("entry", "code", "said"),
    [
        ("{key: {account: alice}, n: 3}", "D0716", "the key lacks `source`"),
        ("{key: {acount: alice, source: ws1}, n: 3}", "D0716", "has no key `acount`"),
        (f"{{{KEY}, many: 3}}", "D0716", "`usual` learns no `many`"),
        (f"{{{KEY}, n: often}}", "D0703", "where a count belongs"),
        (f"{{{KEY}, n: -1}}", "D0703", "where a count belongs"),
        (f"{{{KEY}, hosts: [2, true]}}", "D0703", "where a count belongs"),
        (f"{{{KEY}, n: 5000}}", "D0705", "more than 100000 rows"),
        (f"{{{KEY}, size: [small]}}", "D0703", "`size`"),
        (f"{{{KEY}, sizes: [3, small]}}", "D0703", "`sizes`"),
        (f"{{{KEY}, best: aes}}", "D0704", "`best`"),
        ("{key: {account: [alice], source: ws1}}", "D0703", "`account`"),
    ],
)
def test_what_cannot_be_learnt(tmp_path, entry, code, said):
    _, built, found = checked(tmp_path, entry)
    assert built is not None
    assert (code, 23) in [(d.code, d.span.line) for d in found]
    assert any(said in d.message for d in found), found


def test_a_profile_that_is_not_there(tmp_path):
    _, _, found = checked(tmp_path, f"{{{KEY}, n: 3}}", ("      usual:", "      usul:"))
    assert [(d.code, d.message, d.hint) for d in found] == [
        ("D0715", "the rule has no profile `usul`", "did you mean `usual`?")
    ]


def test_what_is_taken_over_is_told_once(tmp_path):
    again = "    expect: []\n  - name: again\n    extends: example\n    expect: []\n"
    _, _, found = checked(tmp_path, f"{{{KEY}, many: 3}}", ("    expect: []\n", again))
    assert [d.code for d in found] == ["D0716"]


def test_rows_in_the_closed_buckets(tmp_path):
    detection, built, found = checked(
        tmp_path, f"{{{KEY}, first_seen: -60h, n: [1, 2], known: [DC1]}}"
    )
    assert not found
    taught, faults = teach(built, detection.tests[0].profile)
    assert not faults
    given = dict(taught.relations)["usual"].source.sources[1]
    # the test begins at noon: two and a half days ago is noon of the third day back
    noon, day = 1767614400000000, 86_400_000_000
    times = [(ts - noon) / day for ts, _ in given.rows]
    assert times == [-2.5, -1, -1]
    assert [v[:2] for _, v in given.rows] == [("alice", "ws1")] * 3
