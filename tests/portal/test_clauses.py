"""Why it fired: each event with its relation, each condition with what the events hold."""

from pathlib import Path

import pytest

from dsl.load import load_text
from portal.clauses import why_it_fired

RULE = """\
atp: 1
id: guess
version: 1
title: Guess
severity: low
confidence: 10
kill_chain: reconnaissance
mitre: [T1110]
description: d
false_positives: [f]
known_gaps: [g]
params:
  least: {{type: int, default: 3, help: so many}}
detect: |
  bad = match ntlm_auth where {where}
  ok = match ntlm_auth where outcome == success
  many = window bad by source over 1m compute tries := count() having tries >= $least
  alert many as (source: source, tries: tries) dedup 1h by source
explain: "{{{{ source }}}}"
tests:
  - name: nothing
    given: [{{dns_query: {{query: a}}}}]
    expect: []
"""
BAD = {
    "type": "ntlm_auth",
    "outcome": "wrong_password",
    "account": "ann@corp.test",
    "status": 7,
    "dst_is_dc": True,
}
OK = {"type": "ntlm_auth", "outcome": "success", "account": "bob@corp.test", "status": 0}


def _why(where, evidence=(BAD, OK)):
    detection = load_text(Path("guess.yaml"), RULE.format(where=where)).detections["guess"]
    return why_it_fired(detection, evidence, {"least": 3}, {"source": "a", "tries": 5})


def test_events_stand_with_their_relation():
    bad, ok, many, alert = _why("outcome == wrong_password and not is_dc(source)")
    assert (bad.events, ok.events) == (1, 1)
    assert [(c.text, c.met) for c in bad.clauses] == [
        ("outcome == wrong_password", True), ("not is_dc(source)", False),
    ]  # fmt: skip
    assert bad.clauses[0].values == (("outcome", ("wrong_password",), False),)
    assert many.clauses[0].values == (("$least", ("3",), False), ("tries", ("5",), False))
    assert alert.text.startswith("alert many as")


@pytest.mark.parametrize(
    ("where", "events", "met"),
    [
        ("status == 7", 1, True),
        ("status > $least", 1, True),
        ("status in {7, 8}", 1, True),
        ("status not in {7, 8}", 1, True),
        ("status != 7", 1, True),
        ("outcome in {success, wrong_password}", 2, True),
        ("outcome == denied or status == 7", 1, True),
        ("not (outcome == success)", 1, True),
        ("dst_is_dc", 2, False),  # of the other nothing is known
        ('account like "a*"', 2, False),
        ("outcome == locked", 0, False),
    ],
)
def test_what_an_event_decides(where, events, met):
    bad = _why(where)[0]
    assert (bad.events, bad.clauses[0].met) == (events, met)
