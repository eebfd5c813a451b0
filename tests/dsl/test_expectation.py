"""Lines of `expect`, and how alerts meet them."""

from dataclasses import dataclass, field

import pytest

from dsl.expectation import Expectation, complaints
from dsl.given_events import BASE

GIVEN = "given:\n  - {kerberos_as: {account: a}}\n"


@dataclass
class Seen:
    roles: dict = field(default_factory=dict)
    severity: str = "low"
    confidence: float = 50.0
    ts: int = BASE
    explanation: str = ""


def test_reading(rule_test):
    test = rule_test(
        GIVEN
        + "expect:\n  - {actor: Alice, source: [a, b], severity: high, confidence: 90, at: 5m, "
        'explain~: "12 tries", count: 2}\n'
    )
    assert test.expect == (
        Expectation(
            (("actor", "Alice"), ("source", ("a", "b"))),
            "high",
            90,
            BASE + 300_000_000,
            "12 tries",
            2,
        ),
    )
    assert rule_test(GIVEN + "expect: []").expect == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GIVEN, "D0712"),
        (GIVEN + "expect: [{attacker: a}]", "D0711"),
        (GIVEN + "expect: [{actor: {a: 1}}]", "D0711"),
        (GIVEN + "expect: [{severity: bad}]", "D0607"),
        (GIVEN + "expect: [{at: noon}]", "D0606"),
        (GIVEN + "expect: [alice]", "D0606"),
        (GIVEN + "expect: nothing", "D0606"),
    ],
)
def test_faults(told, text, code):
    assert [c for c, _ in told(text, "test")] == [code]


@pytest.mark.parametrize(
    ("line", "seen", "met"),
    [
        (Expectation((("actor", "ALICE"),)), Seen({"actor": "alice", "source": "x"}), True),
        (Expectation((("actor", "bob"),)), Seen({"actor": "alice"}), False),
        (Expectation((("actor", None),)), Seen({"actor": None}), True),
        (Expectation((("actor", None),)), Seen({"actor": "a"}), False),
        (Expectation((("n", 3),)), Seen({"n": 3.0}), True),
        (Expectation((("n", True),)), Seen({"n": 1}), False),
        (Expectation((("names", "b"),)), Seen({"names": ["a", "b"]}), True),
        (Expectation((("names", ("a", "b")),)), Seen({"names": ["a", "b", "c"]}), True),
        (Expectation((("names", ("a", "d")),)), Seen({"names": ["a", "b"]}), False),
        (Expectation((("hash", "0a"),)), Seen({"hash": b"\n"}), True),
        (Expectation((), severity="high"), Seen(severity="low"), False),
        (Expectation((), confidence=50), Seen(confidence=50.2), True),
        (Expectation((), at=BASE + 1), Seen(), False),
        (Expectation((), explain="12 tries"), Seen(explanation="after 12\n  tries."), True),
        (Expectation((), explain=r"\d+ tries"), Seen(explanation="12 tries"), True),
        (Expectation((), explain="(12"), Seen(explanation="(12)"), True),
        (Expectation((), explain="13"), Seen(explanation="12"), False),
    ],
)
def test_meeting(line, seen, met):
    assert (line.differences(seen) == []) is met
    assert (complaints([line], [seen]) == []) is met


def test_every_alert_is_expected_and_every_expectation_met():
    a, b = Seen({"actor": "a"}), Seen({"actor": "b"})
    assert complaints([], []) == []
    assert complaints([], [a]) == ["unexpected alert {actor: a}"]
    assert complaints([Expectation((("actor", "a"),))], []) == [
        "expected {actor: a}: there is no alert"
    ]
    assert complaints([Expectation((("actor", "c"),))], [a])[0] == (
        "expected {actor: c}: actor is a, expected c"
    )
    # the wide line must leave the alert to the narrow one
    assert complaints([Expectation(()), Expectation((("actor", "a"),))], [a, b]) == []
    assert complaints([Expectation((), count=2)], [a, b]) == []
    assert complaints([Expectation((), count=3)], [a, b]) == ["expected {}: too few like it"]
