"""Keys of a detection's file."""

import pytest


def test_a_whole_envelope(loaded):
    catalogue = loaded(
        "mitre: [T1110.003, TA0006]\nexternal_id: 2006\nreferences: [https://example.org/a]\n"
        "respond: [look]\nevidence: [ts, account]\nknown_gaps: one gap"
    )
    assert catalogue.diagnostics.items == []
    envelope = catalogue.detections["example"].envelope
    assert (envelope.id, envelope.version, envelope.severity) == ("example", 1, "low")
    assert envelope.mitre == ("T1110.003", "TA0006")
    assert (envelope.external_id, envelope.evidence) == (2006, ("ts", "account"))
    assert (envelope.known_gaps, envelope.respond) == (("one gap",), ("look",))
    assert catalogue.detections["example"].tactic == "discovery"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("atp: 2", "D0607"),
        ("id: Example", "D0608"),
        ("version: 0", "D0607"),
        ("severity: critical", "D0607"),
        ("confidence: 101", "D0607"),
        ("mitre: [1110]", "D0606"),
        ("mitre: [T1110.3]", "D0613"),
        ("mitre: [T1110, T1110]", "D0613"),
        ("known_gaps: []", "D0614"),
        ("references: ['javascript:alert(1)']", "D0607"),
        ("explain: [x]", "D0606"),
        ("titel: x", "D0604"),
    ],
)
def test_faults(told, text, code):
    assert [c for c, _ in told(text)] == [code]


@pytest.mark.parametrize(
    "key",
    ["atp", "id", "version", "title", "severity", "confidence", "kill_chain", "mitre", "description",
     "false_positives", "known_gaps", "detect", "explain"],
)  # fmt: skip
def test_needed_keys(told, key):
    assert ("D0605", f"the key `{key}` has no value") in told(f"{key}:")
