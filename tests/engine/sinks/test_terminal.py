"""A block an alert, readable and harmless."""

import click
import pytest

from engine.sinks.terminal import block

ALERT = {
    "severity": "high", "title": "DCSync", "external_id": 2006, "mitre": ["T1003.006"],
    "first_seen": "2026-11-22T14:34:18.897998Z", "last_seen": "2026-11-22T14:34:18.999998Z",
    "detection": "dcsync", "confidence": 80, "explanation": "dave asked.", "evidence_count": 1,
    "evidence": [{"ts": 1_795_358_058_897_998, "type": "replication", "source": "ip:10.0.0.1"}],
}  # fmt: skip


def shown(evidence=0, **changes):
    return click.unstyle(block({**ALERT, **changes}, evidence=evidence)).splitlines()


def test_a_block():
    assert shown(evidence=2) == [
        "HIGH          DCSync [2006]",
        "              2026-11-22 14:34:18 UTC  dcsync  T1003.006  confidence 80  1 event",
        "              dave asked.",
        "              14:34:18.897 replication source=ip:10.0.0.1",
    ]


@pytest.mark.parametrize(
    ("last", "span"),
    [
        ("2026-11-22T14:35:00.000000Z", "2026-11-22 14:34:18 to 14:35:00 UTC"),
        ("2026-11-23T14:34:18.897998Z", "2026-11-22 14:34:18 to 2026-11-23 14:34:18 UTC"),
    ],
)
def test_spans(last, span):
    assert shown(last_seen=last)[1].startswith(f"              {span}  dcsync")


@pytest.mark.parametrize(
    ("certainty", "method", "told"),
    [
        ("high", "kerberos_machine", "1 event  source by kerberos_machine, high"),
        ("low", None, "1 event  source low"),
        ("none", None, "1 event  source not resolved"),
        (None, None, "1 event"),
    ],
)
def test_how_the_source_is_known(certainty, method, told):
    event = {**ALERT["evidence"][0], "certainty": certainty, "resolution": method}
    known = {"source_certainty": certainty, "source_resolution": method, "evidence": [event]}
    lines = click.unstyle(block({**ALERT, **known}, evidence=1)).splitlines()
    assert lines[1].endswith(f"confidence 80  {told}")
    how = f" ({method}, {certainty})" if method else ""
    assert lines[-1].endswith(f"source=ip:10.0.0.1{how}")


def test_without_number_and_evidence():
    lines = shown(external_id=None, evidence_count=3)
    assert lines[0] == "HIGH          DCSync"
    assert lines[1].endswith("  3 events")
    assert len(lines) == 3


@pytest.mark.parametrize(("many", "told"), [(2, "… 1 more event"), (9, "… 8 more events")])
def test_evidence_is_cut(many, told):
    alert = {**ALERT, "evidence": ALERT["evidence"] * many}
    lines = click.unstyle(block(alert, evidence=1)).splitlines()
    assert lines[-1].strip() == told
    assert len(lines) == 5


def test_long_texts_are_wrapped_and_events_cut():
    lines = shown(evidence=1, explanation="word " * 100)
    assert max(map(len, lines)) <= 110
    event = {**ALERT["evidence"][0], "filter": "x" * 5000}
    long = click.unstyle(block({**ALERT, "evidence": [event]}, evidence=1)).splitlines()
    assert len(long[-1]) < 200


@pytest.mark.parametrize("place", ["title", "explanation"])
def test_hostile_texts(place):
    text = "\n".join(shown(**{place: "a\x1b[2J\u202eb\x9b"}))
    assert "a\\x1b[2J\\u202eb\\x9b" in text
    assert not {"\x1b", "\u202e", "\x9b"} & set(text)


def test_hostile_events():
    event = {**ALERT["evidence"][0], "account": "a\x1b[2J\u202eb"}
    text = block({**ALERT, "evidence": [event]}, evidence=1)
    assert "\u202e" not in text
    assert "\x1b" not in click.unstyle(text)
